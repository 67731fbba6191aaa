// The stage of postgresQuota: a PostgreSQL of its own, to be crashed.

import { classOf } from "../../../quota/postgres/options.ts";
import { OwnPostgres } from "../servers/own_postgres.ts";
import type { Postgres } from "../servers/postgres.ts";
import type { Stage } from "./proof.ts";

const MAIN = new URL("./postgres_holder.ts", import.meta.url).pathname;

export class PostgresStage implements Stage, AsyncDisposable {
  readonly program = { main: MAIN, packages: ["pg"] as const };
  readonly lease: number;
  readonly keeps = true;
  readonly #own: OwnPostgres;
  readonly #server: Postgres;

  static async of(lease: number, bin: string): Promise<PostgresStage> {
    const own = await OwnPostgres.start(bin);
    return new PostgresStage(lease, own, await own.kind.open(1) as Postgres);
  }

  private constructor(lease: number, own: OwnPostgres, server: Postgres) {
    this.lease = lease;
    this.#own = own;
    this.#server = server;
  }

  get port(): number {
    return this.#own.kind.port;
  }

  async places(key: string): Promise<number> {
    const { rows } = await this.#server.ask(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and granted
       and classid = ${classOf(`place ${key}`) >>> 0} and objid > 0`,
    );
    return rows[0].n;
  }

  async restart(): Promise<void> {
    await this.#own.stop("immediate");
    await this.#own.start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
    await this.#own[Symbol.asyncDispose]();
  }
}

// pgPool with a PostgreSQL that takes nothing but TLS: queries, and cancel: true.

import { assertEquals, assertRejects } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { pgPool } from "../../../adapters/pg.ts";
import { findPrograms, OwnPostgres } from "./own_postgres.ts";
import { soon } from "./soon.ts";

const bin = findPrograms();
const openssl = await new Deno.Command("openssl", { args: ["version"] }).output()
  .then(({ success }) => success, () => false);
const missing = bin === undefined ? "initdb of PostgreSQL" : openssl ? "" : "openssl";
const skipped = missing && ` (skipped: no ${missing} is installed)`;

/** What asks for TLS; a cancel in the clear begins with another number, and the server takes it, too. */
const TLS = 80_877_103;

/** Passes connections on to a port, and notes what each begins with. */
class Relay implements AsyncDisposable {
  readonly begun: number[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly port = this.#listener.addr.port;
  readonly #over: Promise<unknown>;

  constructor(to: number) {
    this.#over = this.#accept(to);
  }

  async #accept(port: number): Promise<void> {
    const passing: Promise<unknown>[] = [];
    for await (const client of this.#listener) passing.push(this.#pass(client, port));
    await Promise.all(passing);
  }

  async #pass(client: Deno.TcpConn, port: number): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port });
    const begin = new Uint8Array(1_024);
    const length = await client.read(begin) ?? 0;
    this.begun.push(new DataView(begin.buffer).getInt32(4));
    await server.write(begin.subarray(0, length));
    await Promise.allSettled([
      client.readable.pipeTo(server.writable),
      server.readable.pipeTo(client.writable),
    ]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#over;
  }
}

Deno.test({
  name: `pgPool over TLS: the server cancels a query that nobody waits for${skipped}`,
  ignore: skipped !== "",
  async fn() {
    await using own = await OwnPostgres.start(bin!, { tls: true });
    await using link = new Relay(Number(new URL(own.url).port));
    const where = { host: "127.0.0.1", port: link.port, user: "root", database: "postgres" };
    const config = { ...where, maxSize: 1, cancel: true };
    const warned: string[] = [];
    const ignore = () => {};
    const logger = {
      debug: ignore,
      info: ignore,
      warn: (text: string) => void warned.push(text),
      error: ignore,
    };
    {
      await using plain = pgPool(pg, config);
      await assertRejects(() => plain.query("select 1"), Error, "no encryption");
    }
    link.begun.length = 0;
    await using pool = pgPool(pg, { ...config, logger, ssl: { ca: await own.certificate() } });
    const sql = "select pg_backend_pid() as pid, ssl from pg_stat_ssl where pid = pg_backend_pid()";
    const { rows: [session] } = await pool.query(sql);
    assertEquals(session.ssl, true);
    let code: string | undefined;
    const aborting = new AbortController();
    const used = pool.pool.use(async (client) => {
      const asked = client.query("select pg_sleep(9)");
      setTimeout(() => aborting.abort(), 50);
      await asked.catch((error: pg.DatabaseError) => code = error.code);
    }, { signal: aborting.signal });
    await assertRejects(() => used, DOMException);
    await soon(() => pool.idleCount === 1, () => `${pool.pool}`, 2_000);
    assertEquals([code, warned, link.begun], ["57014", [], [TLS, TLS]]);
    assertEquals((await pool.query(sql)).rows, [session]);
  },
});

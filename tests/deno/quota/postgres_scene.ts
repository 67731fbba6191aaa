// Quotas over a real PostgreSQL, each as a process of its own has it, and members that are no pools.

// @ts-types="@types/pg"
import pg from "pg";
import { PostgresEngine } from "../../../quota/postgres/engine.ts";
import { classOf } from "../../../quota/postgres/options.ts";
import { TIMES, type Times } from "../../../quota/postgres/times.ts";
import type { Permit, QuotaMember } from "../../../pool/quota.ts";
import { type Postgres, postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import { soon } from "../servers/soon.ts";

/** Nobody finds anything by a poll, or by looking out of turn. */
export const CALLED_ONLY: Times = { ...TIMES, poll: 600_000, turn: 600_000 };

/** A pool as a quota sees it: it counts how often it is asked to close an object. */
export class FakePool {
  available = 0;
  asked = 0;
  /** What it does when it is asked while it has an object to spare. */
  closes: () => void = () => {};

  reclaim(): boolean {
    this.asked++;
    if (this.available === 0) return false;
    this.available--;
    this.closes();
    return true;
  }
}

/** What a test has at hand. */
export class Stage implements AsyncDisposable {
  readonly server: Postgres;
  readonly key: string = crypto.randomUUID();
  readonly #members = new Set<QuotaMember>();

  constructor(server: Postgres) {
    this.server = server;
  }

  database = "test";
  /** Where the sessions go to. */
  port = 0;

  readonly connect = async (): Promise<pg.Client> => {
    const { account: user, port } = this.server;
    const own = { host: "127.0.0.1", database: this.database, user, application_name: user };
    const client = new pg.Client({ ...own, port: this.port || port });
    client.on("error", () => {}); // its connect fails, too
    await client.connect();
    return client;
  };

  /** A quota of another process, as far as the server can tell. */
  quota(max: number, times: Times = TIMES): PostgresEngine {
    return new PostgresEngine(max, this.key, this.connect, times);
  }

  /** A member of a quota of its own. */
  member(max: number, times: Times = TIMES, pool: FakePool = new FakePool()): QuotaMember {
    return this.join(this.quota(max, times), pool);
  }

  join(quota: PostgresEngine, pool: FakePool): QuotaMember {
    const member = quota.attach(pool);
    this.#members.add(member);
    return member;
  }

  /** How many places the server itself counts. */
  taken(): Promise<number> {
    return this.#locks(`place ${this.key}`, "objid between 1 and 1000000");
  }

  /** The server's processes that hold them. */
  async holders(): Promise<number[]> {
    const { rows } = await this.server.ask(
      `select pid from pg_locks where locktype = 'advisory' and granted
       and classid = ${classOf(`place ${this.key}`) >>> 0} and objid > 0`,
    );
    return rows.map(({ pid }) => pid);
  }

  /** How many wait in the server's eyes. */
  waiting(): Promise<number> {
    return this.#locks(`queue ${this.key}`, "objid < 2147483647");
  }

  async #locks(group: string, condition: string): Promise<number> {
    const { rows } = await this.server.ask(
      `select count(*)::int as n from pg_locks where locktype = 'advisory' and granted
       and classid = ${classOf(group) >>> 0} and ${condition}`,
    );
    return rows[0].n;
  }

  /** Waits until the server sees that many wait. */
  async queued(n: number): Promise<void> {
    await soon(async () => await this.waiting() === n, () => `not ${n} wait`, 3_000);
  }

  /** Disposes of all members. */
  async clear(): Promise<void> {
    await Promise.all([...this.#members].map((member) => member[Symbol.asyncDispose]()));
    this.#members.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.clear();
    await soon(async () => await this.server.count() === 0, () => "sessions are left", 3_000);
  }
}

/** How long a test may take, in ms. */
const LIMIT = 20_000;
let limit = new AbortController();

const skipped = await whySkipped(postgres);

/** A test of its own role on the server. */
export function test(name: string, fn: (stage: Stage) => Promise<void>): void {
  Deno.test({
    name: `postgresQuota: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(30) as Postgres;
      await using stage = new Stage(server);
      await limited(() => fn(stage));
    },
  });
}

/** Runs a test, which fails if somebody waits for too long. */
export async function limited(fn: () => Promise<void>): Promise<void> {
  limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error("nobody was served")), LIMIT);
  await fn().finally(() => clearTimeout(timer));
}

/** Waits for as long as the test may take. */
export function acquire(member: QuotaMember, signal = limit.signal): Promise<Permit> {
  return member.acquire({ signal });
}

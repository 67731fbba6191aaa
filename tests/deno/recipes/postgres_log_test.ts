// The pages' examples and the recipes over a real PostgreSQL, whose log must have no warning, and with
// sessions that are killed: no dead one may be lent twice.

import { assert, assertEquals } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import type { Sql } from "postgres";
import { pooling, watched } from "../../../examples/demo/pooling.ts";
import { openPool as openJs } from "../../../examples/recipes/postgres_js.ts";
import { openPool as openPg } from "../../../examples/recipes/postgres_pg.ts";
import { Pool, type PoolOptions } from "../../../mod.ts";
import { sleep } from "../../helpers/until.ts";
import { findPrograms, OwnPostgres } from "../servers/own_postgres.ts";
import { moduleOf } from "./page_code.ts";

/** A session as the tests use it, whichever driver it is of. */
interface Session {
  ask(sql: string): Promise<Record<string, unknown>[]>;
  end(): Promise<void>;
}

/** A pool of some sessions, and how they are asked. */
interface Example<T> {
  open(url: string): Promise<Pool<T>>;
  session(object: T): Session;
  /** Something resets what a borrower leaves behind. */
  resets?: boolean;
  /** Its driver takes no transaction that is begun by hand. */
  noBegin?: boolean;
}

/** What a page's `connect` gives: a client of pg's, and what the page asks of it besides. */
interface PageClient {
  readonly open: boolean;
  query(sql: string): Promise<Record<string, unknown>[]>;
  ping(): Promise<unknown>;
  end(): Promise<void>;
}

async function pageClient(
  connectionString: string,
  invalidate: (why?: unknown) => void = () => {},
): Promise<PageClient> {
  const client = new pg.Client({ connectionString });
  client.on("error", invalidate);
  await client.connect();
  return {
    open: true,
    query: async (sql) => (await client.query(sql)).rows,
    ping: () => client.query("select 1"),
    end: () => client.end(),
  };
}

const ofPage = (client: PageClient): Session => ({
  ask: (sql) => client.query(sql),
  end: () => client.end(),
});
const ofPg = (client: pg.Client): Session => ({
  ask: async (sql) => (await client.query(sql)).rows,
  end: () => client.end(),
});

/** For the page's code, which has it under this name. */
const shared = globalThis as unknown as { pageClient: typeof pageClient };

const EXAMPLES: Record<string, Example<never>> = {
  "README, quick start": {
    async open(url) {
      shared.pageClient = pageClient;
      const { pool } = await moduleOf<{ pool: () => Pool<never> }>(
        "README.md",
        ["const rows = await pool.use"],
        {
          "=>\n  Promise.resolve({ query: (sql: string) => Promise.resolve([sql]), end: () => Promise.resolve() });":
            `=>\n  globalThis.pageClient(${JSON.stringify(url)}, _invalidate);`,
          "const pool = ": "const create = () => ",
          "\n// `use` lends": "\nconst pool = create();\n// `use` lends",
        },
        ["create as pool"],
      );
      return pool();
    },
    session: ofPage,
  },
  "docs/sizes.md, all in all": {
    async open(url) {
      shared.pageClient = pageClient;
      const connect = () => pageClient(url);
      const { options } = await moduleOf<{ options: PoolOptions<PageClient> }>(
        "docs/sizes.md",
        ["const options"],
        {
          "Promise.resolve({ query: (sql: string) => sql, ping: () => true, end() {} });":
            `globalThis.pageClient(${JSON.stringify(url)});`,
        },
        ["options"],
      );
      return new Pool(connect, options) as Pool<never>;
    },
    session: ofPage,
  },
  "docs/migration.md, pg-pool": {
    async open(connectionString) {
      const { pool } = await moduleOf<{ pool: Pool<never> }>(
        "docs/migration.md",
        ["@x/proxypool", "pg.Client"],
        { "postgres://app@localhost/app": connectionString },
        ["pool"],
      );
      return pool;
    },
    session: ofPg,
    resets: true,
  },
  "demo/pooling.ts": {
    open(connectionString) {
      const connect = async () => {
        const client = new pg.Client({ connectionString }).on("error", () => {});
        await client.connect();
        return client;
      };
      return Promise.resolve(new Pool(watched(connect), pooling) as Pool<never>);
    },
    session: ofPg,
    resets: true,
  },
  "postgres_pg.ts": {
    open: (url) => Promise.resolve(openPg(url, "set search_path = tenant").pool as Pool<never>),
    session: ofPg,
    resets: true,
  },
  "postgres_js.ts": {
    open: (url) => Promise.resolve(openJs(url) as Pool<never>),
    session: (sql: Sql) => ({
      ask: async (text) => [...await sql.unsafe(text)],
      end: () => sql.end({ timeout: 1 }),
    }),
    resets: true,
    noBegin: true,
  },
};

const bin = findPrograms();
const skipped = bin ? "" : " (skipped: no initdb of PostgreSQL is installed)";

Deno.test({
  name: `PostgreSQL's log has no warning of any example, and none lends a dead session${skipped}`,
  ignore: bin === undefined,
  // What the drivers still do about killed sessions is theirs.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(t) {
    await using own = await OwnPostgres.start(bin!);
    const admin = new pg.Client({ connectionString: own.url });
    await admin.connect();
    await admin.query("create schema tenant");
    for (const [name, example] of Object.entries(EXAMPLES)) {
      await t.step(name, async () => {
        const begun = (await own.log()).length;
        await tried(example as Example<unknown>, own.url, admin);
        const warnings = (await own.log()).slice(begun).split("\n")
          .filter((line) => line.includes("WARNING"));
        assertEquals(warnings, []);
      });
    }
    await admin.end();
  },
});

async function tried<T>(example: Example<T>, url: string, admin: pg.Client): Promise<void> {
  const pool = await example.open(url);
  const trial = new Trial(example, pool, admin);
  try {
    await trial.inTurn();
    await trial.failing();
    if (example.resets && !example.noBegin) await trial.leftOpen();
    await trial.killedIdle();
    await trial.killedLent();
    await trial.killedAsked();
    await trial.ended();
  } finally {
    await pool.shutdown({ timeout: 1_000 });
  }
}

/** A pool, and what it has lent: a session that has died may be lent once after that, no more. */
class Trial<T> {
  readonly #session: (object: T) => Session;
  readonly #pool: Pool<T>;
  readonly #admin: pg.Client;
  readonly #noBegin: boolean;
  /** How often each object that is dead was lent since it died. */
  readonly #dead = new Map<T, number>();

  constructor({ session, noBegin = false }: Example<T>, pool: Pool<T>, admin: pg.Client) {
    this.#session = session;
    this.#pool = pool;
    this.#admin = admin;
    this.#noBegin = noBegin;
  }

  /** One borrower after the other, each of which finds a session that is alive and in no transaction. */
  async inTurn(): Promise<void> {
    for (let i = 0; i < 20; i++) await this.#fresh();
  }

  /** Transactions that fail, in `use`: nobody else is in them. */
  async failing(): Promise<void> {
    for (let i = 0; i < 30; i++) {
      const failed = this.#use(async ({ ask }) => {
        const atOnce = !this.#noBegin && i % 2 === 0;
        if (!this.#noBegin && !atOnce) await ask("begin");
        await ask(atOnce ? "begin; select 1/0" : "select 1/0");
      });
      await failed.then(() => assert(false), () => {});
      await this.#fresh();
    }
  }

  /** Transactions that nobody ends, or not even waits for. */
  async leftOpen(): Promise<void> {
    for (let i = 0; i < 30; i++) {
      await this.#use(({ ask }) => ask("begin"));
      await this.#fresh();
      await this.#use(({ ask }) => void ask("begin"));
      await this.#fresh();
      await this.#use(({ ask }) => ask("begin; select 1/0").catch(() => {}));
      await this.#fresh();
    }
  }

  async killedIdle(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      const [object, pid] = await this.#known();
      await this.#kill(pid);
      this.#dead.set(object, 0);
      await this.#alive();
    }
  }

  /** In the hands of a borrower that does not notice. */
  async killedLent(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#use(async ({ ask }, object) => {
        await this.#kill(await pidOf(ask));
        this.#dead.set(object, 0);
      });
      await this.#alive();
    }
  }

  /** While it is asked something. */
  async killedAsked(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#use(async ({ ask }, object) => {
        const pid = await pidOf(ask);
        const asked = ask("select pg_sleep(9)");
        asked.catch(() => {});
        await sleep(20);
        await this.#kill(pid);
        this.#dead.set(object, 0);
        await asked;
      }).then(() => assert(false), () => {});
      await this.#alive();
    }
  }

  /** By a borrower. */
  async ended(): Promise<void> {
    for (let i = 0; i < 3; i++) {
      await this.#use(async ({ end }, object) => {
        await end();
        this.#dead.set(object, 0);
      }).catch(() => {});
      await this.#alive();
    }
  }

  /** What is lent next is asked, until it answers; no dead one twice. */
  async #alive(): Promise<void> {
    for (let tries = 0; tries < 20; tries++) {
      const answered = await this.#fresh().then(() => true, () => false);
      if (answered) return assertEquals([...this.#dead.values()].filter((lent) => lent > 1), []);
    }
    assert(false, "nothing answers");
  }

  async #fresh(): Promise<void> {
    const sql = "select now() = statement_timestamp() as fresh";
    const [row] = await this.#use(({ ask }) => ask(sql));
    assertEquals(row, { fresh: true });
  }

  async #known(): Promise<[T, number]> {
    return await this.#use(async ({ ask }, object) => [object, await pidOf(ask)]);
  }

  async #use<R>(fn: (session: Session, object: T) => R | Promise<R>): Promise<R> {
    return await this.#pool.use((object) => {
      const lent = this.#dead.get(object);
      if (lent !== undefined) this.#dead.set(object, lent + 1);
      return fn(this.#session(object), object);
    });
  }

  async #kill(pid: number): Promise<void> {
    await this.#admin.query("select pg_terminate_backend($1)", [pid]);
    const gone = async () => {
      const left = "select from pg_stat_activity where pid = $1";
      return (await this.#admin.query(left, [pid])).rows.length === 0;
    };
    while (!await gone());
    await sleep(5); // until the driver has heard of it
  }
}

async function pidOf(ask: Session["ask"]): Promise<number> {
  const [row] = await ask("select pg_backend_pid() as pid");
  return row!.pid as number;
}

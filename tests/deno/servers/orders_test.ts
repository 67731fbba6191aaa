// The README's orders, some of them declined, over a real PostgreSQL: nobody commits another's half order.

import { assertEquals } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { type PooledOptions, Proxy } from "../../../mod.ts";
import { flow } from "../../helpers/flow.ts";
import { type Postgres, postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const REQUESTS = 200;
const SIZE = 4;

class Declined extends Error {}

type Options = Partial<PooledOptions<pg.Client>>;

/** The README's modules. */
function shop({ account, port }: Postgres, options: Options) {
  const db = new Proxy<pg.Client>({
    maxSize: SIZE,
    timeout: 20_000,
    scope: flow,
    closer: (client) => client.end(),
    ...options,
  });

  async function order(id: number, isDeclined: boolean) {
    await db.query("begin");
    await reserve(id);
    if (isDeclined) throw new Declined();
    await db.query("commit");
  }

  async function reserve(id: number) {
    await db.query(`insert into ${account} values ($1)`, [id]);
  }

  db.setFun(async () => {
    const client = new pg.Client({ host: "127.0.0.1", port, user: account, database: "test" });
    client.on("error", () => {});
    await client.connect();
    return client;
  });
  return { db, order };
}

/** What is in the table in the end, with every third order declined. */
async function sold(server: Postgres, options: Options = {}): Promise<[number, number[]]> {
  const { account } = server;
  await server.ask(`create table ${account}(id int)`);
  try {
    await server.ask(`grant all on ${account} to ${account}`);
    const { db, order } = shop(server, options);
    let declined = 0;
    await Promise.all(Array.from({ length: REQUESTS }, async (_, id) => {
      const request = flow.run(() => order(id, id % 3 === 0));
      await request.catch((error) => {
        if (!(error instanceof Declined)) throw error;
        declined++;
      });
    }));
    await db._pool!.shutdown();
    const { rows } = await server.ask(`select id from ${account} order by id`);
    return [declined, rows.map(({ id }) => id)];
  } finally {
    await server.ask(`drop table ${account}`);
  }
}

const IDS = Array.from({ length: REQUESTS }, (_, id) => id);
const GOOD = IDS.filter((id) => id % 3 !== 0);
const DECLINED = REQUESTS - GOOD.length;

const skipped = await whySkipped(postgres);

function test(name: string, fn: (server: Postgres) => Promise<void>): void {
  Deno.test({
    name: name + skipped,
    ignore: skipped !== "",
    async fn() {
      await using server = await postgres.open(SIZE) as Postgres;
      await fn(server);
    },
  });
}

test("PostgreSQL: a declined order is never committed by the next request", async (server) => {
  assertEquals(await sold(server), [DECLINED, GOOD]);
});

test("PostgreSQL: nor with a retter that rolls back, which keeps its session", async (server) => {
  const retter = (client: pg.Client) => client.query("rollback");
  assertEquals(await sold(server, { retter }), [DECLINED, GOOD]);
});

test("PostgreSQL: without either it is, so that these test something", async (server) => {
  const [declined, ids] = await sold(server, { discardOnError: false });
  assertEquals([declined, ids.length > GOOD.length], [DECLINED, true]);
});

// Real Knex and real Sequelize over the facades, with a real PostgreSQL: transactions, lost sessions, the end.

import { assert, assertEquals } from "@std/assert";
import knexOf from "knex";
// @ts-types="@types/pg"
import pg from "pg";
import { QueryTypes, Sequelize } from "sequelize";
import { useWithSequelize } from "../../../compat/sequelize_pool.ts";
import { Pool, type PoolOptions, TimeoutError } from "../../../compat/tarn.ts";
import { rejection } from "../../helpers/pool.ts";
import { sleep } from "../../helpers/until.ts";
import { moduleOf } from "../recipes/page_code.ts";
import { killed } from "./killed.ts";
import { postgres } from "./postgres.ts";
import { register } from "./register.ts";
import type { Server } from "./server.ts";
import { soon } from "./soon.ts";

/** How many sessions the server allows; more are refused, and would fail a test. */
const SIZE = 5;
const PID = "select pg_backend_pid() as pid, pg_sleep(0.005)";
const PAGES_URL = "postgres://app@localhost/app";

await register(postgres, [
  ["Knex over tarn's facade: transactions side by side", knexWorks],
  ["Knex over tarn's facade: an acquire that takes too long", knexLate],
  ["Knex over tarn's facade: all sessions are ended under load", knexTerminated],
  ["Sequelize over sequelize-pool's facade: transactions side by side", sequelizeWorks],
  ["Sequelize over sequelize-pool's facade: an acquire that takes too long", sequelizeLate],
  [
    "Sequelize over sequelize-pool's facade: all sessions are ended under load",
    sequelizeTerminated,
  ],
  ["Sequelize over sequelize-pool's facade: replicas have a pool of their own", sequelizeReplicas],
  ["Sequelize over sequelize-pool's facade: what is refused", sequelizeRefused],
  ["Knex over tarn's facade, as docs/compat.md has it", knexOfThePage],
  ["Sequelize over sequelize-pool's facade, as docs/compat.md has it", sequelizeOfThePage],
]);

/** Knex over a pool, with a role of its own. */
async function withKnex(
  work: (knex: knexOf.Knex, pool: Pool<pg.Client>, server: Server) => Promise<void>,
  options: Partial<PoolOptions<pg.Client>> = {},
): Promise<void> {
  await using server = await postgres.open(SIZE);
  const pool: Pool<pg.Client> = new Pool({
    async create() {
      const client = new pg.Client(configOf(server));
      client.on("error", (error) => pool.pool.invalidate(client, error));
      await client.connect();
      return client;
    },
    destroy: (client) => client.end(),
    min: 0,
    max: SIZE,
    propagateCreateError: true,
    ...options,
  });
  const knex = knexOf({ client: "pg", connectionPool: pool });
  await work(knex, pool, server);
  assertEquals(pool.numUsed(), 0, "Knex has kept some");
  await knex.destroy();
  await pool.destroy();
  await gone(server);
}

const configOf = ({ account, port }: Server) => ({
  host: "127.0.0.1",
  port,
  user: account,
  database: "test",
  application_name: account,
});

async function gone(server: Server): Promise<void> {
  await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
}

async function knexWorks(): Promise<void> {
  await withKnex(async (knex, pool) => {
    const pidOf = async (on: knexOf.Knex) => (await on.raw(PID)).rows[0].pid;
    const transaction = (fails: boolean) =>
      knex.transaction(async (trx) => {
        const pids = [await pidOf(trx), await pidOf(trx)];
        assertEquals(pids[0], pids[1]);
        if (fails) throw new Error("as it should");
        return "committed";
      });
    const all = Array.from({ length: 30 }, async (_, i) => {
      if (i % 3 === 0) return assert(await pidOf(knex) > 0);
      if (i % 3 === 1) return assertEquals(await transaction(false), "committed");
      assertEquals(String(await rejection(transaction(true))), "Error: as it should");
    });
    await Promise.all(all);
    await soon(() => pool.pool.creating === 0, () => `${pool.pool}`, 2_000); // one that came late
    const { created, discarded } = pool.pool.stats();
    assertEquals([pool.numFree(), created, discarded], [SIZE, SIZE, 0]);
  });
}

async function knexLate(): Promise<void> {
  await withKnex(async (knex) => {
    const slow = knex.raw("select pg_sleep(0.3)").then();
    await sleep(50);
    const error = await rejection(knex.raw("select 1").then());
    assert(error instanceof TimeoutError, String(error));
    await slow;
  }, { max: 1, acquireTimeoutMillis: 100 });
}

async function knexTerminated(): Promise<void> {
  await withKnex(async (knex, { pool }, server) => {
    const transaction = () =>
      knex.transaction(async (trx) => {
        await trx.raw(PID);
        await trx.raw(PID);
      });
    await allKilled(server, pool, () => knex.raw(PID).then());
    await allKilled(server, pool, transaction);
    assertEquals((await knex.raw("select 1 as one")).rows, [{ one: 1 }]);
  });
}

async function allKilled(
  server: Server,
  pool: object,
  ask: () => Promise<unknown>,
): Promise<void> {
  const terminate = () => server.terminate();
  await killed({ size: SIZE, ask, terminate, show: () => `${pool}` });
}

/** Sequelize over a pool, with a role of its own. */
async function withSequelize(
  work: (sequelize: Sequelize, pool: Pools["write"], server: Server) => Promise<void>,
  options: Parameters<typeof useWithSequelize>[1] = {},
): Promise<void> {
  await using server = await postgres.open(SIZE + 1); // one asks for the version, by itself
  const sequelize = sequelizeOf(server, { pool: { max: SIZE } });
  const { write } = useWithSequelize(sequelize, options);
  await work(sequelize, write, server);
  assertEquals(write.using, 0, "Sequelize has kept some");
  await sequelize.close();
  assertEquals(write.size, 0);
  await gone(server);
}

type Pools = ReturnType<typeof useWithSequelize>;

const sequelizeOf = (server: Server, more: object) =>
  new Sequelize("test", server.account, "", {
    host: "127.0.0.1",
    port: server.port,
    dialect: "postgres",
    dialectModule: pg,
    dialectOptions: { application_name: server.account },
    logging: false,
    ...more,
  });

async function pidOf(sequelize: Sequelize, more: object = {}): Promise<number> {
  const [row] = await sequelize.query<{ pid: number }>(PID, { type: QueryTypes.SELECT, ...more });
  return row!.pid;
}

async function sequelizeWorks(): Promise<void> {
  await withSequelize(async (sequelize, pool) => {
    const run = (fails: boolean) =>
      sequelize.transaction(async (transaction) => {
        const pids = [
          await pidOf(sequelize, { transaction }),
          await pidOf(sequelize, { transaction }),
        ];
        assertEquals(pids[0], pids[1]);
        if (fails) throw new Error("as it should");
        return "committed";
      });
    const all = Array.from({ length: 30 }, async (_, i) => {
      if (i % 3 === 0) return assert(await pidOf(sequelize) > 0);
      if (i % 3 === 1) return assertEquals(await run(false), "committed");
      assertEquals(String(await rejection(run(true))), "Error: as it should");
    });
    await Promise.all(all);
    await soon(() => pool.pool.creating === 0, () => `${pool.pool}`, 2_000); // one that came late
    const { created, discarded } = pool.pool.stats();
    assertEquals([pool.available, created, discarded], [SIZE, SIZE, 0]);
    const transaction = await sequelize.transaction(); // and by hand
    await pidOf(sequelize, { transaction });
    await transaction.commit();
  });
}

async function sequelizeLate(): Promise<void> {
  await withSequelize(async (sequelize) => {
    const slow = sequelize.query("select pg_sleep(0.5)");
    await sleep(250); // it asks for the server's version first
    const error = await rejection(pidOf(sequelize)) as Error;
    assertEquals(error.name, "SequelizeConnectionAcquireTimeoutError", String(error));
    await slow;
  }, { max: 1, acquire: 50 });
}

async function sequelizeTerminated(): Promise<void> {
  await withSequelize(async (sequelize, pool, server) => {
    await pidOf(sequelize);
    await allKilled(server, pool.pool, () => pidOf(sequelize));
    const transaction = () =>
      sequelize.transaction(async (transaction) => {
        await pidOf(sequelize, { transaction });
        await pidOf(sequelize, { transaction });
      });
    await allKilled(server, pool.pool, transaction);
    assert(await pidOf(sequelize) > 0);
    assert(pool.size <= SIZE);
  });
}

async function sequelizeReplicas(): Promise<void> {
  await using server = await postgres.open(SIZE + 1);
  const place = { host: "127.0.0.1", port: server.port, username: server.account, password: "" };
  const sequelize = sequelizeOf(server, {
    pool: { max: 2 },
    replication: { read: [place, place], write: place },
  });
  const { read, write } = useWithSequelize(sequelize, { name: "mine" });
  await Promise.all([pidOf(sequelize), pidOf(sequelize), pidOf(sequelize)]);
  assertEquals([read.size, write.size], [2, 0]);
  await sequelize.transaction((transaction) => pidOf(sequelize, { transaction }));
  assertEquals([read.using, write.using, write.size], [0, 0, 1]);
  await sequelize.close();
  assertEquals([read.size, write.size], [0, 0]);
  await gone(server);
}

async function sequelizeRefused(): Promise<void> {
  await using server = await postgres.open(SIZE);
  const sequelize = sequelizeOf(server, {});
  await pidOf(sequelize);
  const told = (instance: object): string => {
    try {
      useWithSequelize(instance);
      return "nothing";
    } catch (error) {
      return String(error);
    }
  };
  assert(told(sequelize).includes("has connections already"));
  for (const wrong of [{}, { connectionManager: {} }, { connectionManager: null }]) {
    assert(told(wrong).includes("an instance of Sequelize 6"), told(wrong));
  }
  await sequelize.close();
}

const urlOf = ({ account, port }: Server) =>
  `postgres://${account}@127.0.0.1:${port}/test?application_name=${account}`;

/** The page's code for `what`, with a server that is there. */
function ofThePage<M>(what: string, server: Server, exported: string[]): Promise<M> {
  return moduleOf("docs/compat.md", [`from "${what}"`], { [PAGES_URL]: urlOf(server) }, exported);
}

async function knexOfThePage(): Promise<void> {
  await using server = await postgres.open(SIZE);
  const { db, pool, one } = await ofThePage<{
    db: knexOf.Knex;
    pool: Pool<pg.Client>;
    one(): Promise<pg.QueryResult>;
  }>("knex", server, ["db", "pool"]);
  assertEquals((await one()).rows, [{ one: 1 }]);
  await server.terminate();
  await soon(() => pool.isEmpty(), () => `${pool.pool}`, 1_000); // its listener has told the pool
  assertEquals((await one()).rows, [{ one: 1 }]);
  await db.destroy();
  await pool.destroy();
  await gone(server);
}

async function sequelizeOfThePage(): Promise<void> {
  await using server = await postgres.open(SIZE);
  const { sequelize, one, stats } = await ofThePage<{
    sequelize: Sequelize;
    one(): Promise<[unknown]>;
    stats(): { created: number; available: number };
  }>("sequelize", server, ["sequelize"]);
  assertEquals((await one())[0], [{ one: 1 }]);
  assertEquals([stats().created, stats().available], [1, 1]);
  await sequelize.close();
  await gone(server);
}

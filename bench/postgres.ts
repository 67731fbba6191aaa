// PostgreSQL: queries by 64 tasks over 8 connections, through ours, pg-pool and a bare set of clients; and
// without a pool.

// @ts-types="@types/pg"
import pg from "pg";
import process from "node:process";
import { pgPool } from "../adapters/pg.ts";
import { Ring } from "./ring.ts";
import { typical } from "./measure.ts";
import type { Row } from "./row.ts";

const CONNECTIONS = 8;
const TASKS = 64;
const TURNS = 20;
const SAMPLES = 45;
const URL = process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1:5432/postgres";
const SQL = "select 1 as one";

interface Entry {
  query(): Promise<unknown>;
  end(): Promise<unknown>;
}

async function connect(): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: URL });
  await client.connect();
  return client;
}

async function limit(): Promise<Entry> {
  const clients = await Promise.all(Array.from({ length: CONNECTIONS }, connect));
  const all = [...clients];
  const waiters = new Ring<(client: pg.Client) => void>();
  return {
    async query() {
      const client = clients.pop() ??
        await new Promise<pg.Client>((resolve) => waiters.push(resolve));
      try {
        return await client.query(SQL);
      } finally {
        const waiter = waiters.shift();
        if (waiter) waiter(client);
        else clients.push(client);
      }
    },
    end: () => Promise.all(all.map((client) => client.end())),
  };
}

/** With `reset: "rollback"`, and what else pg-pool has by default: sessions are closed after 10 s. */
function ours(): Entry {
  const pool = pgPool(pg, { connectionString: URL, maxSize: CONNECTIONS, timeout: 30_000 });
  return { query: () => pool.query(SQL), end: () => pool.end() };
}

/** As its README says: `query` does it all, if it is not a transaction. */
function peer(): Entry {
  const pool = new pg.Pool({
    connectionString: URL,
    max: CONNECTIONS,
    connectionTimeoutMillis: 30_000,
  });
  return { query: () => pool.query(SQL), end: () => pool.end() };
}

/** A connection for each query. */
function poolless(): Entry {
  return {
    async query() {
      const client = await connect();
      try {
        return await client.query(SQL);
      } finally {
        await client.end();
      }
    },
    end: () => Promise.resolve(),
  };
}

interface Cost {
  time: number;
  cpu: number;
}

/** In nanoseconds for a query. */
async function sample({ query }: Entry, turns: number): Promise<Cost> {
  const begun = performance.now();
  const cpu = process.cpuUsage();
  const task = async () => {
    for (let turn = 0; turn < turns; turn++) await query();
  };
  await Promise.all(Array.from({ length: TASKS }, task));
  const { user, system } = process.cpuUsage(cpu);
  const queries = TASKS * turns;
  return {
    time: (performance.now() - begun) * 1e6 / queries,
    cpu: (user + system) * 1e3 / queries,
  };
}

/** Nothing, and a line that says so, where there is no server. */
export async function* postgres(): AsyncGenerator<Row> {
  try {
    await (await connect()).end();
  } catch (error) {
    const why = (error as Error).message || (error as { code?: string }).code;
    return console.log(`  PostgreSQL: skipped, no server at DATABASE_URL (${why})`);
  }
  const entries = { limit: await limit(), ours: ours(), "pg-pool": peer() };
  const costs = await rounds(entries, TURNS, SAMPLES);
  const both = await rounds({ ours: entries.ours, "no pool": poolless() }, 1, 7);
  for (const entry of Object.values(entries)) await entry.end();
  for (const [kind, work] of [["time", "a query"], ["cpu", "a query, CPU time"]] as const) {
    const how = `${work}, ${TASKS} tasks over ${CONNECTIONS}`;
    yield { work: how, unit: "ns", values: of(costs, kind), target: { peer: 0.97 } };
  }
  yield {
    work: `a query, ${TASKS} tasks, and without a pool`,
    unit: "ns",
    values: of(both, "time"),
  };
}

function of(costs: Record<string, Cost[]>, kind: keyof Cost): Record<string, number> {
  return Object.fromEntries(
    Object.entries(costs).map(([name, all]) => [name, typical(all.map((cost) => cost[kind]))]),
  );
}

async function rounds(
  entries: Record<string, Entry>,
  turns: number,
  samples: number,
): Promise<Record<string, Cost[]>> {
  const costs: Record<string, Cost[]> = {};
  const order = Object.entries(entries);
  for (let round = 0; round < samples + 3; round++) {
    for (const [name, entry] of order) {
      const cost = await sample(entry, turns);
      if (round >= 3) (costs[name] ??= []).push(cost); // warm by then
    }
    order.push(order.shift()!); // what the one leaves behind does not always fall to the same other
  }
  return costs;
}

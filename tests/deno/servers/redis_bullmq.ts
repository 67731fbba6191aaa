// BullMQ beside pools of Redis sessions: its jobs take sessions, and its queues may, too.

import { assert, assertEquals } from "@std/assert";
import { createClient } from "@redis/client";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { ioredisPool, redisPool } from "../../../adapters/redis.ts";
import { sleep } from "../../helpers/until.ts";
import { soon } from "./soon.ts";

const JOBS = 500;
const JOB = { attempts: 100, backoff: 20, removeOnComplete: true };
/** A job whose worker was cut off before it could say that it is done is done again soon. */
const IMPATIENT = { stalledInterval: 500, lockDuration: 1_500 };
const QUIET = { timeout: 5_000, logLevel: "silent" } as const;

type Add = (n: number) => Promise<unknown>;

/** A client of BullMQ's own: it connects again by itself. */
function lasting(port: number): Redis {
  const client = new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null });
  return client.on("error", () => {});
}

/** 500 jobs that take sessions of a pool; meanwhile, perhaps, all connections are killed. */
async function jobs(port: number, killing: boolean, add: Add): Promise<void> {
  const [admin, own] = [lasting(port), lasting(port)];
  const where = { socket: { host: "127.0.0.1", port }, maxSize: 8 };
  const pool = redisPool(createClient, { ...where, ...QUIET });
  await admin.flushall();
  const worker = new Worker("jobs", (job) =>
    pool.use(async (client) => {
      await client.select(3); // which the next job does not find
      await client.multi().hIncrBy("done", String(job.data.n), 1).incr("count").exec();
    }), { connection: own, concurrency: 32, ...killing ? IMPATIENT : {} });
  worker.on("error", () => {});
  let kills = 0;
  const killer = (async () => {
    for (let i = 0; killing && i < 10; i++) {
      await sleep(50);
      await admin.call("CLIENT", "KILL", "TYPE", "normal").then((n) => kills += Number(n));
    }
  })();
  try {
    await Promise.all(Array.from({ length: JOBS }, (_, n) => again(() => add(n))));
    await killer;
    const done = async () => Number(await admin.call("HLEN", "done"));
    await admin.select(3);
    await soon(async () => await done() === JOBS, () => `jobs are missing: ${pool}`, 60_000);
    const { created, hookErrors } = pool.stats();
    assertEquals(hookErrors, 0);
    if (killing) assert(kills > 0);
    else assertEquals([created, await admin.get("count")], [8, `${JOBS}`]);
  } finally {
    // It may wait for a connection of its own for good.
    await Promise.race([worker.close(true).catch(() => {}), sleep(2_000)]);
    await pool.shutdown({ timeout: 1_000 });
    admin.disconnect();
    own.disconnect();
  }
}

/** Whoever adds a job tries again if its connection was killed. */
async function again(add: () => Promise<unknown>): Promise<void> {
  for (;;) {
    try {
      await add();
      return;
    } catch (error) {
      if (!/closed|ECONN|EPIPE|writeable/i.test(String(error))) throw error;
      await sleep(5);
    }
  }
}

/** Queues as BullMQ has them. */
async function ownQueue(port: number, killing: boolean): Promise<void> {
  const client = lasting(port);
  const queue = new Queue("jobs", { connection: client });
  queue.on("error", () => {});
  await jobs(port, killing, (n) => queue.add("job", { n }, { ...JOB, jobId: `job${n}` }));
  await queue.close();
  client.disconnect();
}

/** A queue for each job, over a client of a pool. */
async function pooledQueue(port: number, killing: boolean): Promise<void> {
  const pool = ioredisPool(Redis, { host: "127.0.0.1", port, maxSize: 4, ...QUIET });
  await jobs(port, killing, (n) =>
    pool.use(async (connection) => {
      const queue = new Queue("jobs", { connection, skipVersionCheck: true });
      queue.on("error", () => {});
      await queue.add("job", { n }, { ...JOB, jobId: `job${n}` });
      await queue.close();
    }));
  const { created, hookErrors } = pool.stats();
  assertEquals(hookErrors, 0);
  if (!killing) assertEquals(created, 4);
  await pool.shutdown();
}

/** By their names: at which port Redis is, and whether all connections are killed now and then. */
export const BULLMQ: Record<string, (port: number) => Promise<void>> = {
  "jobs take sessions": (port) => ownQueue(port, false),
  "jobs take sessions, all connections are killed": (port) => ownQueue(port, true),
  "queues take sessions, too": (port) => pooledQueue(port, false),
  "queues take sessions, too, all connections are killed": (port) => pooledQueue(port, true),
};

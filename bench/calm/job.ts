// Job: one pool in one scene, in a process of its own. It is told what to do as JSON, and prints what
// was, as JSON.

import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { arrivals, call, loops } from "./callers.ts";
import { Client } from "./client.ts";
import { MAKE } from "./pools.ts";
import { type Counts, Timeline } from "./timeline.ts";
import type { Demand } from "./server.ts";
import { CALM, OBJECTS, type PoolName } from "./settings.ts";

export type Scene = "outage" | "overload";

export interface Job {
  pool: PoolName;
  scene: Scene;
  /** During an overload, as a share of the capacity. */
  load: number;
  /** How long a pool may look for a client, in ms. */
  timeout: number;
  /** What ten connections without a pool do, a second. */
  capacity: number;
  /** How long each phase takes, in ms. */
  phases: { before: number; during: number; after: number };
}

export interface Run extends Job {
  counts: { before: Counts; during: Counts; after: Counts };
  bins: Counts[];
  /** How long after the trouble somebody was served, in ms; null if nobody was. */
  firstServed: number | null;
  /** How long after it somebody was not served in time, in ms. */
  troubled: number;
  /** The longest time without a turn of the event loop, in ms. */
  stall: number;
}

/** The server, in a thread of its own: what the pools do does not slow it down. */
async function startServer(): Promise<(demand: Demand) => Promise<number>> {
  const worker = new Worker(new URL("./server.ts", import.meta.url));
  const tell = async (demand: Demand) => {
    const done = once(worker, "message");
    worker.postMessage(demand);
    const [port] = await done;
    return port as number;
  };
  await once(worker, "online");
  return tell;
}

/** Tells the longest time between two turns so far. */
function watchStalls(): () => number {
  const EVERY = 10;
  let last = performance.now();
  let longest = 0;
  setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last - EVERY);
    last = now;
  }, EVERY);
  return () => Math.round(longest);
}

async function run(job: Job): Promise<Run> {
  const { scene, load, timeout, capacity, phases: { before, during, after } } = job;
  const tell = await startServer();
  const timeline = new Timeline();
  const port = await tell("up");
  const lend = MAKE[job.pool]({ port, timeout, attempted: () => timeline.connect() });
  await Promise.all(Array.from({ length: OBJECTS }, () => call(lend, timeline)));
  const [from, to, end] = [before, before + during, before + during + after];
  const stall = watchStalls();
  timeline.restart();
  if (scene === "outage") {
    const trouble = delay(from).then(() => tell("down")).then(() => delay(to - timeline.now()))
      .then(() => tell("up"));
    await Promise.all([loops(lend, timeline, end), trouble]);
  } else {
    const rate = (ms: number) => capacity * (ms >= from && ms < to ? load : CALM);
    await arrivals(lend, timeline, rate, end);
  }
  return {
    ...job,
    counts: {
      before: timeline.counts(0, from),
      during: timeline.counts(from, to),
      after: timeline.counts(to, end),
    },
    bins: timeline.bins(end),
    firstServed: timeline.firstServed(to),
    troubled: timeline.troubled(to),
    stall: stall(),
  };
}

/** Requests a second over ten bare connections, one after the other on each. */
async function measureCapacity(ms: number): Promise<number> {
  const port = await (await startServer())("up");
  let served = 0;
  const until = performance.now() + ms;
  await Promise.all(Array.from({ length: OBJECTS }, async () => {
    const client = await new Client({ port, attempted() {} }).connect();
    while (performance.now() < until) await client.query().then(() => served++);
  }));
  return Math.round(served * 1000 / ms);
}

const [text = ""] = Deno.args;
const wish: Job | { capacity: number } = JSON.parse(text);
console.log(
  JSON.stringify("pool" in wish ? await run(wish) : await measureCapacity(wish.capacity)),
);
Deno.exit(); // some pools' timers would go on, and the server's thread

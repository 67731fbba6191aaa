// What threadQuota costs: permits a second, how long one takes, and what a pool pays to take part at all.

import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { Permit, QuotaClient, QuotaMember } from "../../../pool/quota.ts";
import { threadQuota, threadQuotaBuffer } from "../../../quota/threads.ts";
import { sleep } from "../../helpers/until.ts";

const SECONDS = 3;
/** A permit that takes longer, in ms, was another thread's. */
const AT_ONCE = 0.02;
const IDLE: QuotaClient = { available: 0, reclaim: () => false };
const never = new AbortController().signal;

interface Task {
  max: number;
  buffer: SharedArrayBuffer;
}

/** Takes a permit for a turn of the event loop, again and again; tells how long each took. */
async function turns({ max, buffer }: Task): Promise<number[]> {
  const member = threadQuota({ max, buffer }).attach(IDLE);
  const waits: number[] = [];
  const end = performance.now() + SECONDS * 1_000;
  for (let now = performance.now(); now < end; now = performance.now()) {
    const permit = await member.acquire({ signal: never });
    waits.push(performance.now() - now);
    await new Promise((resolve) => setImmediate(resolve));
    permit.release();
  }
  await member[Symbol.asyncDispose]();
  return waits;
}

async function measure(threads: number, max: number): Promise<void> {
  const task: Task = { max, buffer: threadQuotaBuffer(max) };
  const all = await Promise.all(Array.from({ length: threads }, async () => {
    const worker = new Worker(new URL(import.meta.url), { workerData: task });
    const waits = await new Promise<number[]>((resolve, reject) => {
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    await worker.terminate();
    return waits;
  }));
  const waits = all.flat();
  const handed = waits.filter((ms) => ms > AT_ONCE).sort((a, b) => a - b);
  console.log({
    threads,
    max,
    "permits/s": Math.round(waits.length / SECONDS),
    "handed over": handed.length,
    "µs a hand-over (median)": Math.round(1_000 * (handed[handed.length >> 1] ?? 0)),
  });
}

/** What one call takes, in µs: the median of many. */
async function each(fn: (i: number) => unknown): Promise<number> {
  const all: number[] = [];
  for (let i = 0; i < 500; i++) {
    const begun = performance.now();
    const given = fn(i);
    if (given instanceof Promise) await given;
    all.push(performance.now() - begun);
  }
  all.sort((a, b) => a - b);
  return Number((1_000 * all[250]!).toFixed(1));
}

async function single(max: number): Promise<void> {
  const quota = threadQuota({ max, buffer: threadQuotaBuffer(max) });
  const take = async (member: QuotaMember) => await member.acquire({ signal: never });
  const first = await each(async () => {
    const member = quota.attach(IDLE);
    (await take(member)).release();
    await member[Symbol.asyncDispose]();
  });
  const [one, other] = [quota.attach(IDLE), quota.attach(IDLE)];
  const later = await each(async () => (await take(one)).release());
  const permits: Permit[] = [];
  while (permits.length < max) permits.push(await take(one));
  const quiet = await each(() => one.yields!(true));
  const waits = take(other);
  await sleep(100);
  const asked = await each(() => one.yields!(true));
  for (const permit of permits) permit.release();
  (await waits).release();
  console.log({
    max,
    "µs a pool with one permit, from its start to its end": first,
    "µs a permit": later,
    "µs a return, nobody waits": quiet,
    "µs a return, somebody waits": asked,
  });
  for (const member of [one, other]) await member[Symbol.asyncDispose]();
}

if (isMainThread) {
  for (const [threads, max] of [[1, 1], [2, 1], [4, 4], [4, 2], [16, 16], [16, 8]] as const) {
    await measure(threads, max);
  }
  for (const max of [10, 100, 1_000]) await single(max);
} else parentPort!.postMessage(await turns(workerData as Task));

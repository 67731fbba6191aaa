// Stalls: how long the event loop stands still while very much happens at once. A timer beside it tells.

import { Pool } from "../mod.ts";
import { KeyedPool } from "../quota/keyed.ts";
import { collect } from "./runtime.ts";
import { median } from "./measure.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

const WAITERS = 100_000;
/** All wait by then. */
const PATIENCE = 1_000;
const OBJECTS = 10_000;
const KEYS = 1_000;
const SAMPLES = 5;

/** The longest time between two turns of the timer until `done`, in milliseconds. */
async function longest(work: () => Promise<unknown>): Promise<number> {
  let found = 0;
  let last = performance.now();
  const tick = () => {
    const now = performance.now();
    found = Math.max(found, now - last);
    last = now;
  };
  const timer = setInterval(tick, 1);
  await work();
  tick();
  clearInterval(timer);
  return found;
}

/** `prepare` gives what is to happen at once. */
async function stall(
  work: string,
  prepare: () => Promise<() => Promise<unknown>>,
): Promise<Row> {
  const found: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    const happen = await prepare();
    collect(); // what was prepared is no affair of the loop
    await new Promise((resolve) => setTimeout(resolve, 0));
    found.push(await longest(happen));
  }
  const values = { ours: median(found) };
  return { work: `${work}, the longest stall`, unit: "ms", values, target: { most: 100 } };
}

/** Keeps what is in use from being lost. */
const inUse: unknown[] = [];

export function timeouts(): Promise<Row> {
  return stall(`${WAITERS.toLocaleString("en")} waiters time out`, async () => {
    const pool = new Pool(() => new Thing(), { maxSize: 1, timeout: PATIENCE });
    inUse.push(await pool.get());
    const all = Array.from({ length: WAITERS }, () => pool.get().catch(() => {}));
    return () => Promise.all(all);
  });
}

export async function* stalls(): AsyncGenerator<Row> {
  yield timeouts();
  const closer = () => Promise.resolve();
  const sizes = { minSize: OBJECTS, maxSize: OBJECTS };
  yield stall(`${OBJECTS.toLocaleString("en")} objects reset`, async () => {
    const pool = new Pool(() => Promise.resolve(new Thing()), { ...sizes, closer });
    await pool.ready();
    return () => pool.reset().then(() => pool.ready());
  });
  yield stall(`${OBJECTS.toLocaleString("en")} objects in use, taken by a shutdown`, async () => {
    const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, closer });
    const loans = await Promise.all(Array.from({ length: OBJECTS }, () => pool.borrow()));
    return () => pool.shutdown({ timeout: 1 }).then(() => loans.length = 0);
  });
  yield stall(`${KEYS.toLocaleString("en")} keys of 10 objects reset`, async () => {
    const pool = await manyKeys(closer);
    return () => pool.reset();
  });
  yield stall(`${KEYS.toLocaleString("en")} keys of 10 objects shut down`, async () => {
    const pool = await manyKeys(closer);
    return () => pool.shutdown();
  });
}

/** Each key has ten idle objects. */
async function manyKeys(closer: () => Promise<void>): Promise<KeyedPool<number, Thing>> {
  const pool = new KeyedPool((_key: number) => new Thing(), { maxSize: KEYS * 10, closer });
  const keys = Array.from({ length: KEYS * 10 }, (_, i) => i % KEYS);
  const leases = await Promise.all(keys.map((key) => pool.get(key)));
  await Promise.all(leases.map((lease) => pool.ret(lease)));
  return pool;
}

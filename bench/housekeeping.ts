// Housekeeping: a round over 100 000 objects with nothing due, and a `resize` that changes nothing.

import { Pool } from "../mod.ts";
import { direct, measure } from "./measure.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

const OBJECTS = 100_000;

/** No other timer has that delay. */
const DELAY = 7;

type Round = () => void;

/** Half of the objects in use, half available, and every limit set that a round looks after. */
export async function round(): Promise<Row> {
  const { setTimeout } = globalThis;
  let next: Round = () => {};
  // Rounds are kept to be called at will, instead of being waited for.
  const kept = (fn: Round, delay: number) => {
    if (delay !== DELAY) return setTimeout(fn, delay);
    next = fn;
    return { ref() {}, unref() {} };
  };
  globalThis.setTimeout = kept as unknown as typeof setTimeout;
  try {
    const pool = await crowded();
    const values = await measure([direct("ours", () => next())], { samples: 40, span: 2 });
    if (pool.stats().hkRounds === 0) throw new Error("no round was measured");
    values["ours"]! /= 1e6;
    return {
      work: `a housekeeping round, ${OBJECTS.toLocaleString("en")} objects, nothing due`,
      unit: "ms",
      values,
      target: { most: 0.1 },
    };
  } finally {
    globalThis.setTimeout = setTimeout;
  }
}

/** Keeps what is in use from being lost. */
const inUse: unknown[] = [];

async function crowded(): Promise<Pool<Thing>> {
  const far = 2 ** 31 - 1;
  const limits = { maxAvailDelay: far, maxUsingDelay: far - 1, maxUsingDelayKill: far };
  const pool = new Pool(() => new Thing(), { hkDelay: DELAY, maxLifetime: far, ...limits });
  const leases = await Promise.all(Array.from({ length: OBJECTS }, () => pool.get()));
  await Promise.all(leases.splice(OBJECTS / 2).map((lease) => pool.ret(lease)));
  inUse.push(leases);
  return pool;
}

/** All are available. */
export async function resized(): Promise<Row> {
  const pool = new Pool(() => new Thing(), { minSize: OBJECTS, maxSize: OBJECTS });
  await pool.ready();
  const resize = direct("ours", () => pool.resize({ maxSize: OBJECTS }));
  const values = await measure([resize], { samples: 40, span: 2 });
  values["ours"]! /= 1e6;
  await pool.shutdown();
  return {
    work: `a resize that changes nothing, ${OBJECTS.toLocaleString("en")} available`,
    unit: "ms",
    values,
    target: { most: 0.1 },
  };
}

// What tests of overload share: a pool that sheds load, and one that is overloaded.

import { assertInstanceOf } from "@std/assert";
import { Pool, type PoolOptions, PoolOverloadError } from "../../mod.ts";
import { rejection, Thing, type Time } from "./pool.ts";

/** One object; overloaded after half a second in which each has waited longer than 100 ms. */
export const SHEDS = { maxSize: 1, queueTarget: 100, queueInterval: 500 };

export function things(options: PoolOptions<Thing> = {}): Pool<Thing> {
  return new Pool((n) => new Thing(n), { ...SHEDS, logLevel: "silent", ...options });
}

/** A pool in fake time whose only object is held, and which is overloaded since 500 ms. */
export async function overloaded(time: Time, options: PoolOptions<Thing> = {}) {
  const pool = things(options);
  const held = await pool.borrow();
  const first = rejection(pool.get()); // is refused at once, having waited for 500 ms
  await time.pass(400, 100);
  // Keeps the queue from being empty, until 600 ms.
  const second: Promise<unknown> = pool.use(() => "served").catch((error) => error);
  await time.pass(100);
  assertInstanceOf(await first, PoolOverloadError);
  return { pool, held, second };
}

/** When each of these is settled, and how. */
export function watch(time: Time, gets: Record<string, Promise<unknown>>): string[] {
  const seen: string[] = [];
  for (const [name, get] of Object.entries(gets)) {
    const see = (how: string) => seen.push(`${name} ${how} at ${time.now}`);
    get.then(() => see("served"), (error) => see((error as Error).name ?? error));
  }
  return seen;
}

/** Timers may be a millisecond late: waits are rounded up. */
export function plain(line: string): string {
  return line.replace(/\d+$/, (at) => `${Math.floor(Number(at) / 10) * 10}`);
}

// Waiting: what it takes to be one of 100 000 who wait and give up.

import { Pool } from "../mod.ts";
import { TIMEOUT } from "./competitor.ts";
import { awaited, measure, type Runner } from "./measure.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

/** How many wait with one signal; and each with one of their own, which takes the runtime long to make. */
const TOGETHER = 100_000;
const EACH = 10_000;

type Wait = (signal: AbortSignal) => Promise<unknown>;

/** The limit: each a bare promise, which its signal rejects. */
function bare(): Wait {
  const waiting = new Map<AbortSignal, ((error: unknown) => void)[]>();
  return (signal) =>
    new Promise((_, reject) => {
      const others = waiting.get(signal);
      if (others !== undefined) return void others.push(reject);
      const all = [reject];
      waiting.set(signal, all);
      signal.addEventListener("abort", () => {
        waiting.delete(signal);
        for (const reject of all) reject(signal.reason);
      });
    });
}

/** Keeps what is in use from being lost. */
const inUse: unknown[] = [];

/** Ours, its only object being out. */
async function ours(): Promise<Wait> {
  const pool = new Pool(() => new Thing(), { maxSize: 1, timeout: TIMEOUT });
  inUse.push(await pool.get());
  return (signal) => pool.get({ signal });
}

/** All wait, with one of `signals` in turn; all give up; all are told. */
function givingUp(name: string, wait: Wait, waiters: number, signals: number): Runner {
  return awaited(name, async () => {
    const aborting = Array.from({ length: signals }, () => new AbortController());
    const promises = Array.from({ length: waiters }, (_, i) => wait(aborting[i % signals]!.signal));
    // Before: rejections that nobody handles yet take Deno a time that grows with their square.
    const told = Promise.allSettled(promises);
    for (const controller of aborting) controller.abort();
    await told;
  });
}

/** In nanoseconds for one who waits. */
export async function* givenUp(): AsyncGenerator<Row> {
  for (const [waiters, signals] of [[TOGETHER, 1], [EACH, EACH]] as const) {
    const runners = [
      givingUp("limit", bare(), waiters, signals),
      givingUp("ours", await ours(), waiters, signals),
    ];
    const values = await measure(runners, { samples: 7, span: 1, clean: true });
    for (const name in values) values[name]! /= waiters;
    const how = signals === 1 ? "one signal" : "each with a signal";
    yield {
      work: `${waiters.toLocaleString("en")} waiters aborted, ${how}, a waiter`,
      unit: "ns",
      values,
    };
  }
}

// Calls: one through a lease or a proxy, over a direct one; and `tryGet`. In nanoseconds, which is for
// mitata: it unrolls loops and keeps the compiler from leaving out what nobody looks at.

import { do_not_optimize, measure as mitata } from "mitata";
import { Pool, Proxy } from "../mod.ts";
import { versatile } from "../scopes/mod.ts";
import { awaited, direct, measure, type Runner, typical } from "./measure.ts";
import type { Row } from "./row.ts";
import { busy } from "./runtime.ts";
import { Thing } from "./thing.ts";

const ROUNDS = 7;

type Calls = Record<string, () => unknown>;

/** The medians of calls that take some nanoseconds, each measured by turns. */
async function medians(calls: Calls): Promise<Record<string, number>> {
  const found: Record<string, number[]> = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, call] of Object.entries(calls)) {
      const { p25, p50 } = await mitata(() => do_not_optimize(call()), { min_cpu_time: 20e6 });
      (found[name] ??= []).push(busy ? p25 : p50);
    }
  }
  return Object.fromEntries(Object.entries(found).map(([name, all]) => [name, typical(all)]));
}

/** Got and disposed of without waiting. */
export async function tryGets(): Promise<Row> {
  const things = [new Thing()];
  const pool = new Pool(() => new Thing(), { maxSize: 10 });
  await pool.use((thing) => thing.touch());
  const values = await measure([
    direct("limit", () => {
      const thing = things.pop()!;
      thing.touch();
      things.push(thing);
    }),
    direct("ours", () => {
      const thing = pool.tryGet()!;
      thing.touch();
      thing[Symbol.dispose]();
    }),
  ], { samples: 40, span: 5 });
  return { work: "tryGet, call, dispose", unit: "ns", values };
}

/** Calls that give their result at once. */
export async function* immediate(): AsyncGenerator<Row> {
  const thing = new Thing();
  const lease = await new Pool(() => new Thing()).get();
  const shared = new Proxy({ obj: new Thing() });
  const perThread = new Proxy({ fun: () => new Thing() });
  const perFlow = new Proxy({ fun: () => new Thing(), scope: versatile });
  const frame = versatile.open();
  const values = await frame.run(() =>
    medians({
      limit: () => thing.touch(),
      "through a lease": () => lease.touch(),
      "through a proxy of an object": () => shared.touch(),
      "through a proxy, a thread": () => perThread.touch(),
      "through a proxy, a flow": () => perFlow.touch(),
    })
  );
  await frame.end();
  const { limit: bare, ...others } = values;
  for (const [how, ours] of Object.entries(others)) {
    const target = { over: 50 };
    yield { work: `a call ${how}`, unit: "ns", values: { limit: bare!, ours }, target };
  }
}

/** Calls that give a promise: the object is there already, or has to be got first. */
export async function* deferred(): AsyncGenerator<Row> {
  const thing = new Thing();
  const pool = new Pool(() => new Thing(), { maxSize: 10 });
  const proxy = new Proxy({ fun: () => new Thing(), maxSize: 10 });
  // deno-lint-ignore require-await
  const direct = async () => thing.touch();
  const plan = { samples: 40, span: 5 };
  const frame = versatile.open();
  const calls = [awaited("limit", direct), awaited("ours", () => proxy.touch())];
  // The loops must run inside of the frame, too.
  const inside = ({ name, run }: Runner) => ({
    name,
    run: (times: number) => frame.run(() => run(times)),
  });
  await frame.run(() => proxy.touch());
  const values = await measure(calls.map(inside), plan);
  await frame.end();
  yield { work: "a deferred call", unit: "ns", values, target: { over: 50 } };
  const requests = [
    awaited("limit", () => pool.use((thing) => thing.touch())),
    awaited("ours", () => versatile.run(() => proxy.touch())),
  ];
  const each = await measure(requests, plan);
  yield { work: "a frame with a deferred call; limit: use", unit: "ns", values: each };
}

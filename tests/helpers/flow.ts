// A scope for tests that is the same on every runtime: one frame for each flow, lent objects shared.

import { assertEquals } from "@std/assert";
import { type PooledOptions, type PooledProxy, Proxy } from "../../mod.ts";
import { FlowScope, versatile } from "../../scopes/mod.ts";
import { sum, Thing } from "./pool.ts";

/** Like this runtime's own, but that a pool is everybody's, on Workers too. */
export const flow: FlowScope = new FlowScope("flow", { ioBound: false });

await flow.ready();
await versatile.ready();

/** What was written to console.error while `fn` ran, each as one text. */
export async function errorsOf(fn: () => unknown): Promise<string[]> {
  const told: string[] = [];
  const real = console.error;
  console.error = (...args: unknown[]) => void told.push(args.map(String).join(" "));
  try {
    await fn();
  } finally {
    console.error = real;
  }
  return told;
}

/** A proxy of things from a pool, by default of one place. */
export function things(options: Partial<PooledOptions<Thing>> = {}): PooledProxy<Thing> {
  const defaults = { scope: flow, maxSize: 1, logLevel: "silent" } as const;
  return new Proxy({ fun: (n) => new Thing(n), ...defaults, ...options });
}

/** Nothing is out, nothing is lost, and the pool still works; shuts it down. */
export async function assertWhole(proxy: PooledProxy<Thing>): Promise<void> {
  const pool = proxy._pool!;
  assertEquals([pool.using, pool.waiting, pool.creating], [0, 0, 0]);
  const { created, accounted } = sum(pool);
  assertEquals(accounted, created);
  assertEquals(await flow.run(() => proxy.echo("works")), "works");
  await pool.shutdown();
}

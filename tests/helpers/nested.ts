// What tests of nested use and of standing still share.

import { it } from "@std/testing/bdd";
import { carrier } from "../../context.ts";
import type { PoolOptions } from "../../mod.ts";
import { Thing } from "./pool.ts";
import { TestPool } from "./test_pool.ts";

/** Whether this runtime tells what is called within what: some Workers do not. */
export const tells = carrier() !== undefined;
export const itTells = tells ? it : it.ignore;
export const takes = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function things(maxSize: number, options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize, traceHolders: true, ...options });
}

/** Its failure is looked at later. */
export function quiet<R>(promise: Promise<R>): Promise<R> {
  promise.catch(() => {});
  return promise;
}

/** What became of each. */
export async function outcomes(promises: Promise<unknown>[]): Promise<unknown[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((one) => one.status === "fulfilled" ? one.value : one.reason.name);
}

// A pool that remembers what it logs, and whose end by `await using` waits for nobody: a test that
// fails with a lease in its hands shows its own failure.

import { type Create, type Lease, Pool, type PoolOptions } from "../../mod.ts";
import { Recorder } from "./recorder.ts";

/** A pool for tests. Fake time after it is made, so that it ends in real time, and before its first use. */
export class TestPool<T> extends Pool<T> {
  /** What it has logged. */
  readonly lines: string[];

  constructor(fun: Create<T>, options: PoolOptions<T> = {}) {
    const recorder = new Recorder();
    super(fun, { logger: recorder, ...options });
    this.lines = recorder.lines;
  }

  override [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown({ timeout: 1 });
  }
}

/** Calls `fn` with a lease of `object` and the bare object's pool, which it shuts down afterwards. */
export async function lent<T>(
  object: T,
  fn: (lease: Lease<T>, pool: TestPool<T>) => unknown,
  options: PoolOptions<T> = {},
): Promise<void> {
  await using pool = new TestPool(() => object, options);
  await fn(await pool.get(), pool);
}

// Ours.

import { type Lease, Pool } from "../mod.ts";
import type { PoolOptions } from "../pool/options.ts";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "./competitor.ts";
import { Thing } from "./thing.ts";

/** Every limit whose keeping needs the time. */
const LIMITS: PoolOptions<Thing> = {
  maxUsingDelay: 60_000,
  maxUsingDelayKill: 600_000,
  maxAvailDelay: 30_000,
  maxLifetime: 3_600_000,
  maxUse: 1e9,
};

export function limited(): Promise<Competitor> {
  return ours(LIMITS);
}

/** The bare object, by a loan. */
export function borrowed(): Promise<Competitor> {
  const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT });
  return warmedUp({
    get: () => pool.get(),
    ret: (thing) => pool.ret(thing as Lease<Thing>),
    async turns(times) {
      for (; times > 0; times--) {
        const loan = await pool.borrow();
        loan.object.touch();
        await loan.release();
      }
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const loan = await pool.borrow();
        await null;
        loan.object.touch();
        await loan.release();
      }
    },
  });
}

/** The pool gives back, also to those who wait. */
export function used(options: PoolOptions<Thing> = {}): Promise<Competitor> {
  const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT, ...options });
  return warmedUp({
    get: () => pool.get(),
    ret: (thing) => pool.ret(thing as Lease<Thing>),
    async turns(times) {
      for (; times > 0; times--) await pool.use((thing) => thing.touch());
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        await pool.use(async (thing) => {
          await null;
          thing.touch();
        });
      }
    },
  });
}

/** What `use` does, by `get` and a callback: that has a promise of its own. */
export function called(): Promise<Competitor> {
  const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT });
  return warmedUp({
    get: () => pool.get(),
    ret: (thing) => pool.ret(thing as Lease<Thing>),
    async turns(times) {
      // deno-lint-ignore require-await
      const callback = async (thing: Thing) => thing.touch();
      for (; times > 0; times--) {
        const thing = await pool.get();
        await callback(thing);
        await thing[Symbol.asyncDispose]();
      }
    },
    async task() {
      const callback = async (thing: Thing) => {
        await null;
        thing.touch();
      };
      for (let turn = 0; turn < 2; turn++) {
        const thing = await pool.get();
        await callback(thing);
        await thing[Symbol.asyncDispose]();
      }
    },
  });
}

/** With a bound on `get`, as the others. */
export function ours(options: PoolOptions<Thing> = {}): Promise<Competitor> {
  const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT, ...options });
  return warmedUp({
    get: () => pool.get(),
    ret: (thing) => pool.ret(thing as Lease<Thing>),
    // As `await using` does it, which Node 20 does not know.
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await pool.get();
        thing.touch();
        await thing[Symbol.asyncDispose]();
      }
    },
    async uses(times) {
      for (; times > 0; times--) await pool.use((thing) => thing.touch());
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await pool.get();
        await null;
        thing.touch();
        await thing[Symbol.asyncDispose]();
      }
    },
  });
}

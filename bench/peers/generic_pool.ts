// generic-pool, as its README sets it up; `release` need not be awaited, it says, and is not there.

import { createPool } from "generic-pool";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "../competitor.ts";
import { Thing } from "../thing.ts";

export function genericPool(): Promise<Competitor> {
  const factory = {
    create: () => Promise.resolve(new Thing()),
    destroy: () => Promise.resolve(),
  };
  const pool = createPool(factory, { max: OBJECTS, min: 2, acquireTimeoutMillis: TIMEOUT });
  return warmedUp({
    get: () => pool.acquire(),
    ret: (thing) => pool.release(thing),
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await pool.acquire();
        thing.touch();
        pool.release(thing);
      }
    },
    async uses(times) {
      // Its callback must be asynchronous.
      // deno-lint-ignore require-await
      for (; times > 0; times--) await pool.use(async (thing) => thing.touch());
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await pool.acquire();
        await null;
        thing.touch();
        pool.release(thing);
      }
    },
  });
}

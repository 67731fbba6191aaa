// lightning-pool, as its README sets it up; but for more than 1000 who wait it needs another `maxQueue`.

import { Pool } from "lightning-pool";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "../competitor.ts";
import { Thing } from "../thing.ts";

export function lightningPool(): Promise<Competitor> {
  const factory = {
    create: () => Promise.resolve(new Thing()),
    destroy: () => Promise.resolve(),
  };
  const pool = new Pool<Thing>(factory, {
    max: OBJECTS,
    min: 2,
    minIdle: 2,
    acquireTimeoutMillis: TIMEOUT,
    maxQueue: 1_000_000,
  });
  pool.start();
  return warmedUp({
    get: () => pool.acquire(),
    ret: (thing) => pool.releaseAsync(thing),
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await pool.acquire();
        thing.touch();
        await pool.releaseAsync(thing);
      }
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await pool.acquire();
        await null;
        thing.touch();
        await pool.releaseAsync(thing);
      }
    },
  });
}

// sequelize-pool, as its README sets it up.

import { Pool } from "sequelize-pool";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "../competitor.ts";
import { Thing } from "../thing.ts";

export function sequelizePool(): Promise<Competitor> {
  const pool = new Pool<Thing>({
    create: () => Promise.resolve(new Thing()),
    destroy: () => {},
    validate: () => true,
    min: 0,
    max: OBJECTS,
    acquireTimeoutMillis: TIMEOUT,
  });
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

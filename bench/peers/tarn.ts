// tarn, as its README sets it up: all that it does not name here has the value by default that it names.

import { Pool } from "tarn";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "../competitor.ts";
import { Thing } from "../thing.ts";

export function tarn(): Promise<Competitor> {
  const pool = new Pool<Thing>({
    create: () => Promise.resolve(new Thing()),
    destroy: () => {},
    min: 2,
    max: OBJECTS,
    acquireTimeoutMillis: TIMEOUT,
  });
  return warmedUp({
    get: () => pool.acquire().promise,
    ret: (thing) => pool.release(thing),
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await pool.acquire().promise;
        thing.touch();
        pool.release(thing);
      }
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await pool.acquire().promise;
        await null;
        thing.touch();
        pool.release(thing);
      }
    },
  });
}

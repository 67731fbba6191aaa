// The limit: bare arrays, which know nothing but how to keep and hand over. No pool can be faster.

import { type Competitor, OBJECTS, warmedUp } from "./competitor.ts";
import { Fifo } from "./fifo.ts";
import { Thing } from "./thing.ts";

/** An `async` pop and push. Who finds nothing waits, first come, first served. */
// deno-lint-ignore require-await
export async function limit(): Promise<Competitor> {
  const things = Array.from({ length: OBJECTS }, () => new Thing());
  const waiters = new Fifo<(thing: Thing) => void>();
  // deno-lint-ignore require-await
  const pop = async () => things.pop()!;
  // deno-lint-ignore require-await
  const push = async (thing: Thing) => void things.push(thing);
  const get = (): Promise<Thing> => {
    if (things.length > 0) return pop();
    return new Promise((resolve) => waiters.push(resolve));
  };
  const ret = (thing: Thing): unknown => {
    const waiter = waiters.shift();
    return waiter === undefined ? push(thing) : waiter(thing);
  };
  return warmedUp({
    get,
    ret,
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await pop();
        thing.touch();
        await push(thing);
      }
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await get();
        await null;
        thing.touch();
        ret(thing);
      }
    },
  });
}

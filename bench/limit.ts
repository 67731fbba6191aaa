// The limits: bare arrays, which know nothing but how to keep and hand over. For who finds an object, an
// `async` pop and push; for who waits, an array of objects and a ring of resolvers. No fair pool can be
// faster.

import { type Competitor, OBJECTS, warmedUp } from "./competitor.ts";
import { Ring } from "./ring.ts";
import { Thing } from "./thing.ts";

// deno-lint-ignore require-await
export async function limit(): Promise<Competitor> {
  const { get, ret, pop, push } = shelf();
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

/** The same, around an `async` callback, which has a promise of its own. */
// deno-lint-ignore require-await
export async function limitOfUse(): Promise<Competitor> {
  const { get, ret, pop, push } = shelf();
  return warmedUp({
    get,
    ret,
    async turns(times) {
      // deno-lint-ignore require-await
      const callback = async (thing: Thing) => thing.touch();
      for (; times > 0; times--) {
        const thing = await pop();
        await callback(thing);
        await push(thing);
      }
    },
    async task() {
      const callback = async (thing: Thing) => {
        await null;
        thing.touch();
      };
      for (let turn = 0; turn < 2; turn++) {
        const thing = await get();
        await callback(thing);
        ret(thing);
      }
    },
  });
}

function shelf() {
  const things = Array.from({ length: OBJECTS }, () => new Thing());
  const waiters = new Ring<(thing: Thing) => void>();
  return {
    // deno-lint-ignore require-await
    pop: async () => things.pop()!,
    // deno-lint-ignore require-await
    push: async (thing: Thing) => void things.push(thing),
    get: (): Promise<Thing> => {
      if (things.length > 0) return Promise.resolve(things.pop()!);
      return new Promise((resolve) => waiters.push(resolve));
    },
    ret: (thing: Thing): void => {
      const waiter = waiters.shift();
      if (waiter === undefined) things.push(thing);
      else waiter(thing);
    },
  };
}

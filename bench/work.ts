// What is measured: pieces of work for our pool, and the limit, a bare array.

import { Pool } from "../mod.ts";

/** What is pooled: a method call must reach a private field. */
class Thing {
  #calls = 0;

  touch(): number {
    return ++this.#calls;
  }
}

/** One piece of work. */
export interface Work {
  name: string;
  /** How many times `run` does it. */
  times: number;
  run(): Promise<void>;
}

/** What any pool would cost if it did nothing but keep the object. */
export function limit(): Work {
  const things = [new Thing()];
  // deno-lint-ignore require-await
  const get = async () => things.pop()!;
  // deno-lint-ignore require-await
  const ret = async (thing: Thing) => void things.push(thing);
  return repeated("limit: async pop and push", async () => {
    const thing = await get();
    thing.touch();
    await ret(thing);
  });
}

/** Ours, with a timeout set as users set it. */
export function ours(): Work[] {
  const pool = new Pool(() => new Thing(), { maxSize: 10, timeout: 30_000 });
  return [
    repeated("get, call, dispose", async () => {
      const thing = await pool.get();
      thing.touch();
      await thing[Symbol.asyncDispose]();
    }),
    repeated("get, call, ret", async () => {
      const thing = await pool.get();
      thing.touch();
      await pool.ret(thing);
    }),
    repeated("use", () => pool.use((thing) => void thing.touch())),
    tasks(pool, 100),
    tasks(pool, 10_000),
  ];
}

function repeated(name: string, once: () => Promise<void>): Work {
  const times = 1_000;
  return {
    name,
    times,
    async run() {
      for (let i = 0; i < times; i++) await once();
    },
  };
}

/** Each task takes two turns, and lets others run while it has the object. */
function tasks(pool: Pool<Thing>, count: number): Work {
  const turn = async () => {
    const thing = await pool.get();
    await null;
    thing.touch();
    await pool.ret(thing);
  };
  return {
    name: `${count} tasks over 10 objects`,
    times: 2 * count,
    async run() {
      await Promise.all(Array.from({ length: count }, () => turn().then(turn)));
    },
  };
}

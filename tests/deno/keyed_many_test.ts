// Many keys: what a new one costs does not grow with how many there are.

import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { KeyedPool, type KeyedPoolOptions } from "../../quota/keyed.ts";

/** The median time of a new key, in ms, while there are so many that are unused. */
async function timeOfNew(keys: number, options: KeyedPoolOptions<object>): Promise<number> {
  await using pool = new KeyedPool((key: number) => ({ key }), options);
  for (let key = 0; key < keys; key++) await pool.use(key, () => {});
  const times: number[] = [];
  for (let key = keys; key < keys + 200; key++) {
    const begun = performance.now();
    await pool.use(key, () => {});
    times.push(performance.now() - begun);
  }
  return times.sort((a, b) => a - b)[100]!;
}

describe("a new key", () => {
  const bounds = {
    maxKeys: (n: number) => ({ maxKeys: n }),
    maxSize: (n: number) => ({ maxSize: n }),
  };
  for (const [name, options] of Object.entries(bounds)) {
    it(`costs no more where ${name} is 8000 than where it is 200`, async () => {
      await timeOfNew(200, options(200)); // compiles it
      const [few, many] = [
        await timeOfNew(200, options(200)),
        await timeOfNew(8_000, options(8_000)),
      ];
      assert(many < 10 * few, `${many} ms over ${few} ms`);
    });
  }
});

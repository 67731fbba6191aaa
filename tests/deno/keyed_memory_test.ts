// A keyed pool that has seen a hundred thousand keys takes no more memory than one that has seen few.

import { assert, assertEquals } from "@std/assert";
import { KeyedPool } from "../../quota/keyed.ts";
import { collect } from "../helpers/gc.ts";

const FEW = 20_000;
const ALL = 100_000;

Deno.test("KeyedPool: 100 000 keys, one after the other, leave nothing in memory", async () => {
  const pool = new KeyedPool((key: string, n) => ({ key, n, text: "x".repeat(100) }), {
    maxSize: 10,
  });
  let before = 0;
  for (let i = 0; i < ALL; i++) {
    await pool.use(`tenant ${i}`, () => {});
    if (i === FEW) before = await heap();
  }
  const grown = await heap() - before;
  assertEquals([pool.size, [...pool.keys()].length], [10, 10]);
  // One small object for each of those keys would be more.
  assert(grown < (ALL - FEW) * 32, `${grown} bytes more after ${ALL - FEW} keys more`);
  await pool.shutdown();
});

async function heap(): Promise<number> {
  await collect();
  return Deno.memoryUsage().heapUsed;
}

// Objects that died while nobody had them: however many, a good one is found or made.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { Creations, idle, rejection, type Thing, Workshop } from "./helpers/pool.ts";

const QUIET = { logLevel: "silent" } as const;

/** A pool of five objects that were never lent, all dead. */
async function dead(options: object = {}): Promise<{ pool: Pool<Thing>; shop: Workshop }> {
  const shop = new Workshop();
  const pool = new Pool(shop.fun, {
    minSize: 5,
    maxSize: 5,
    healthAfter: 0,
    health: ({ id }) => id >= 5,
    closer: shop.closer,
    ...QUIET,
    ...options,
  });
  await pool.ready();
  return { pool, shop };
}

describe("five objects that died before they were ever lent", () => {
  it("do not fail a get: they are not fresh", async () => {
    const { pool, shop } = await dead();
    const lease = await pool.get();
    assertEquals([lease.id >= 5, shop.closed.length >= 3], [true, true]);
    await pool.ret(lease);
    await pool.shutdown();
  });

  it("nor where it is a getter that notices, at once or later", async () => {
    for (const later of [false, true]) {
      const notice = (thing: Thing) => {
        if (thing.id < 5) throw new Error("dead");
      };
      const getter = later ? (thing: Thing) => Promise.resolve(thing).then(notice) : notice;
      const { pool } = await dead({ getter, health: undefined, healthAfter: undefined });
      const lease = await pool.get();
      assertEquals(lease.id >= 5, true);
      await pool.ret(lease);
      await pool.shutdown();
    }
  });
});

describe("three fresh objects in a row", () => {
  it("fail the get", async () => {
    const shop = new Workshop();
    const pool = new Pool(shop.fun, { getter: () => Promise.reject(new Error("bad")), ...QUIET });
    assertEquals(String(await rejection(pool.get())), "Error: bad");
    assertEquals(shop.attempts, 3);
    await pool.shutdown();
  });

  it("are not in a row if a used one came in between", async () => {
    const creations = new Creations();
    const bad = new Set<number>();
    const pool = new Pool(creations.fun, {
      maxSize: 2,
      getter: ({ id }) => {
        if (bad.has(id)) throw new Error(`#${id} is bad`);
      },
      ...QUIET,
    });
    const held = pool.get();
    await idle();
    await creations.finish(0);
    const get = pool.get();
    for (const n of [0, 1, 2, 3]) bad.add(n);
    await idle();
    await creations.finish(1);
    await creations.finish(2);
    await pool.ret(await held); // bad by now: the third in a row, but it was used
    await creations.finish(3);
    await creations.finish(4);
    assertEquals([(await get).id, creations.all.length], [4, 5]);
    await pool.ret(await get);
    await pool.shutdown();
  });
});

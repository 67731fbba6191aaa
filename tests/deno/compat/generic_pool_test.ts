// generic-pool and the facade in its shape: one script of steps, run on both, tells the same.

import * as generic from "../../../compat/generic_pool.ts";
import { deferred, idle } from "../../helpers/pool.ts";
import { sleep, until } from "../../helpers/until.ts";
import { beside, errorOf, kindOf, outcome, Shop, Thing } from "./beside.ts";
import * as theirGeneric from "generic-pool";

const likeGeneric = beside("generic-pool", theirGeneric, generic);

const counts = (pool: generic.Pool<Thing>) => {
  const { available, borrowed, max, min, pending, size, spareResourceCapacity } = pool;
  return { available, borrowed, max, min, pending, size, spareResourceCapacity };
};

likeGeneric("counts, from the first acquire to the last release", async ({ createPool }, say) => {
  const pool = createPool(new Shop(), { max: 2 });
  say(counts(pool));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  say(first.id, second.id, counts(pool));
  const third = pool.acquire();
  say(await outcome(third), counts(pool));
  say(await outcome(pool.release(first)), await outcome(third), counts(pool));
  await pool.release(first);
  await pool.release(second);
  say(counts(pool), pool.isBorrowedResource(first));
});

for (const fifo of [undefined, true, false, "no"]) {
  likeGeneric(`which resource is lent, with fifo ${fifo}`, async ({ createPool }, say) => {
    const pool = createPool(new Shop(), { max: 3, fifo: fifo as boolean });
    const all = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
    for (const thing of [all[1]!, all[0]!, all[2]!]) await pool.release(thing);
    for (let i = 0; i < 3; i++) say((await pool.acquire()).id);
  });
}

const BOUNDS: [max: unknown, min: unknown][] = [
  [undefined, undefined],
  ["3", "2"],
  ["three", "two"],
  [2.9, 1.9],
  [0, 0],
  [-1, 5],
  [Infinity, 0],
  [null, null],
];

for (const [max, min] of BOUNDS) {
  likeGeneric(`max ${max} and min ${min}`, async ({ createPool }, say) => {
    const shop = new Shop();
    const pool = createPool(shop, { max: max as number, min: min as number });
    await pool.ready();
    await idle();
    say(counts(pool), shop.made);
  });
}

likeGeneric("no options, null, and numbers in strings", async ({ createPool }, say) => {
  for (const options of [undefined, null]) say(counts(createPool(new Shop(), options)));
  const options = { max: "1", acquireTimeoutMillis: "20", maxWaitingClients: "1" };
  const pool = createPool(new Shop(), options as unknown as generic.Options);
  const held = await pool.acquire();
  const late = pool.acquire().catch(kindOf);
  say(await outcome(pool.acquire()));
  say(await late, held.id, counts(pool));
});

likeGeneric("factories that are none", (module, say) => {
  const { create, destroy } = new Shop();
  const wrong = [{}, { create }, { destroy }, { create, destroy, validate: 1 }, {
    create: 1,
    destroy,
  }];
  for (const factory of wrong) {
    say(errorOf(() => module.createPool(factory as unknown as generic.Factory<Thing>)));
  }
  return Promise.resolve();
});

likeGeneric("priorities", async ({ createPool }, say) => {
  const pool = createPool(new Shop(), { max: 1, priorityRange: 3 });
  const held = await pool.acquire();
  const served: string[] = [];
  const given = [2, undefined, 1, 0, 7, -1, "1", NaN, 1.9, null, 2];
  const done = given.map(async (priority, i) => {
    const thing = await pool.acquire(priority as number);
    served.push(`${priority} (${i})`);
    await pool.release(thing);
  });
  await idle();
  await pool.release(held);
  await Promise.all(done);
  say(served);
});

for (const maxWaitingClients of [0, 1, "1", undefined]) {
  likeGeneric(`maxWaitingClients ${maxWaitingClients}`, async ({ createPool }, say) => {
    const pool = createPool(new Shop(), {
      max: 1,
      maxWaitingClients: maxWaitingClients as number,
    });
    const first = pool.acquire(); // one is being made for it
    const all = [first, pool.acquire(), pool.acquire(), pool.acquire()];
    const told = all.map(outcome);
    say(await Promise.all(told), pool.pending);
    await pool.release(await first);
    say(await Promise.all(all.map(outcome)), pool.pending);
  });
}

likeGeneric("an acquire that takes too long", async ({ createPool }, say) => {
  const pool = createPool(new Shop(), { max: 1, acquireTimeoutMillis: 20 });
  const held = await pool.acquire();
  const error = await pool.acquire().catch((error) => error);
  say(error.name, counts(pool));
  await pool.release(held);
  say(counts(pool), (await pool.acquire()).id);
});

likeGeneric("what is given back twice, or is none of the pool's", async ({ createPool }, say) => {
  const shop = new Shop();
  const [pool, other] = [createPool(shop), createPool(shop)];
  const [thing, foreign] = [await pool.acquire(), await other.acquire()];
  say(pool.isBorrowedResource(thing), pool.isBorrowedResource(foreign));
  for (const wrong of [foreign, new Thing(9), undefined, null]) {
    say(await outcome(pool.release(wrong as Thing)), await outcome(pool.destroy(wrong as Thing)));
  }
  say(await outcome(pool.release(thing)), pool.isBorrowedResource(thing));
  say(await outcome(pool.release(thing)), await outcome(pool.destroy(thing)), counts(pool));
});

likeGeneric("what is destroyed makes room, and min is kept up", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 2, min: 1 });
  await pool.ready();
  const thing = await pool.acquire();
  say(await outcome(pool.destroy(thing)), pool.isBorrowedResource(thing), shop.destroyed);
  await idle();
  say(counts(pool), shop.made);
});

likeGeneric("validation of what is lent again", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 2, testOnBorrow: true });
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  await pool.release(first);
  await pool.release(second);
  first.good = false;
  shop.validated.length = 0; // there, what was just made is validated, too
  say((await pool.acquire()).id, shop.validated, shop.destroyed);
  say((await pool.acquire()).id, counts(pool), shop.made);
});

likeGeneric("validation that takes its time", async ({ createPool }, say) => {
  const answer = deferred<boolean>();
  const shop = new Shop();
  const validate = ({ id }: Thing) => id === 0 ? answer.promise : Promise.resolve(true);
  const pool = createPool({ ...shop, validate }, {
    max: 1,
    min: 1,
    testOnBorrow: true,
  });
  await pool.ready();
  const got = pool.acquire();
  say(await outcome(got), pool.pending, pool.size);
  answer.resolve(false);
  say(await outcome(got), counts(pool), shop.destroyed);
});

for (const testOnBorrow of [false, undefined, "true"]) {
  likeGeneric(`no validation, with testOnBorrow ${testOnBorrow}`, async ({ createPool }, say) => {
    const shop = new Shop();
    const pool = createPool(shop, { testOnBorrow: testOnBorrow as boolean });
    const thing = await pool.acquire();
    thing.good = false;
    await pool.release(thing);
    say((await Promise.race([pool.acquire(), sleep(50)]))?.id, shop.validated);
  });
}

likeGeneric("creations that fail are tried again, and told", async ({ createPool }, say) => {
  const shop = new Shop();
  let left = 3;
  const create = () => left-- > 0 ? Promise.reject(new Error(`down ${left}`)) : shop.create();
  const pool = createPool({ ...shop, create }, { max: 1, acquireTimeoutMillis: 3_000 });
  const told: string[] = [];
  say(pool.on("factoryCreateError", (error) => told.push(error.message)) === pool);
  say((await pool.acquire()).id, told, counts(pool));
});

likeGeneric("creations that fail until it is too late", async ({ createPool }, say) => {
  const create = async () => {
    await sleep(5);
    throw new Error("down");
  };
  const pool = createPool({ create, destroy: new Shop().destroy }, { acquireTimeoutMillis: 300 });
  let told = 0;
  pool.on("factoryCreateError", () => told++);
  const error = await pool.acquire().catch((error) => error);
  say(error.name, told > 1, pool.pending, pool.borrowed);
  pool.removeAllListeners();
});

likeGeneric("a destruction that fails is told, and makes room", async ({ createPool }, say) => {
  for (const fail of [() => Promise.reject(new Error("stuck")), () => Promise.reject("text")]) {
    const shop = new Shop();
    const pool = createPool({ ...shop, destroy: fail }, { max: 1 });
    const told: unknown[] = [];
    pool.on("factoryDestroyError", (error) => told.push(error?.message ?? error));
    await pool.destroy(await pool.acquire());
    await idle();
    say(told, counts(pool), (await pool.acquire()).id);
  }
});

likeGeneric("a destruction that takes too long", async ({ createPool }, say) => {
  const destroy = () => new Promise<void>(() => {});
  const pool = createPool({ ...new Shop(), destroy }, { max: 1, destroyTimeoutMillis: 20 });
  const told: boolean[] = [];
  pool.on("factoryDestroyError", (error) => told.push(error instanceof Error));
  await pool.destroy(await pool.acquire());
  await until(() => told.length > 0, "nobody is told");
  say(told, counts(pool), (await pool.acquire()).id);
});

likeGeneric("use", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 1 });
  const given = await pool.use((thing) => {
    say(pool.isBorrowedResource(thing), counts(pool));
    return Promise.resolve(`from ${thing.id}`);
  });
  say(given, counts(pool), shop.destroyed);
  say(await outcome(pool.use(() => Promise.reject(new Error("failed")))));
  say(counts(pool), shop.destroyed);
  say(await outcome(pool.use((thing) => Promise.resolve(thing), 0)), shop.made);
});

likeGeneric("use serves by priority", async ({ createPool }, say) => {
  const pool = createPool(new Shop(), { max: 1, priorityRange: 2 });
  const held = await pool.acquire();
  const order: number[] = [];
  const use = pool.use.bind(pool) as generic.Pool<Thing>["use"];
  const all = [1, 0].map((n) => use(() => Promise.resolve(order.push(n)), n));
  await pool.release(held);
  await Promise.all(all);
  say(order);
});

likeGeneric("autostart", async ({ createPool }, say) => {
  const shop = new Shop();
  const started = createPool(shop, { max: 3, min: 2 });
  await started.ready();
  say(shop.made, counts(started));
  const lazy = new Shop();
  const pool = createPool(lazy, { max: 3, min: 2, autostart: false });
  await idle();
  say(lazy.made, counts(pool));
  pool.start();
  pool.start();
  await pool.ready();
  say(lazy.made, counts(pool));
  const third = new Shop();
  await createPool(third, { max: 3, min: 2, autostart: false }).acquire();
  await idle();
  say(third.made);
});

likeGeneric("drain and clear", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 2, min: 1 });
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  const waits = pool.acquire();
  const drained = pool.drain();
  say(await outcome(pool.acquire()), await outcome(drained), counts(pool));
  await pool.release(first);
  say(await outcome(waits), await outcome(drained), shop.destroyed);
  await pool.release(second);
  await pool.release(await waits);
  say(await outcome(drained), counts(pool), shop.destroyed);
  say(await outcome(pool.clear()), counts(pool).size, shop.destroyed.sort(), shop.made);
  say(await outcome(pool.acquire()), await outcome(pool.drain()), await outcome(pool.clear()));
  pool.start();
  await idle();
  say(counts(pool).size);
});

likeGeneric("drain of a pool that does nothing", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 2, min: 2 });
  await pool.ready();
  say(await outcome(pool.drain()), counts(pool), shop.destroyed);
  say(await outcome(pool.clear()), shop.destroyed.sort());
});

likeGeneric("drain with waiters whose time is over", async ({ createPool }, say) => {
  const pool = createPool(new Shop(), { max: 1, acquireTimeoutMillis: 20 });
  const held = await pool.acquire();
  const late = outcome(pool.acquire().catch((error) => error.name));
  const drained = pool.drain();
  await sleep(40);
  say(await late === "pending" || true, await outcome(drained));
  await pool.release(held);
  say(await outcome(drained));
});

likeGeneric("what is unused goes, with an evictor", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { max: 2, evictionRunIntervalMillis: 10, idleTimeoutMillis: 20 });
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  await pool.release(first);
  await until(() => shop.destroyed.length === 1, "it stays");
  say(shop.destroyed, counts(pool));
  await pool.release(second);
  await until(() => shop.destroyed.length === 2, "it stays");
  say(shop.destroyed, counts(pool));
});

likeGeneric("of what is unused, min stays", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, {
    max: 3,
    min: 1,
    evictionRunIntervalMillis: 10,
    softIdleTimeoutMillis: 20,
  });
  const all = [await pool.acquire(), await pool.acquire(), await pool.acquire()];
  for (const thing of all) await pool.release(thing);
  await until(() => shop.destroyed.length === 2, "they stay");
  await sleep(60);
  say(shop.destroyed, counts(pool), shop.made);
  await pool.drain();
  await pool.clear();
});

likeGeneric("without an evictor it stays", async ({ createPool }, say) => {
  const shop = new Shop();
  const pool = createPool(shop, { idleTimeoutMillis: 5, softIdleTimeoutMillis: 5 });
  await pool.release(await pool.acquire());
  await sleep(40);
  say(shop.destroyed, counts(pool));
});

likeGeneric("listeners", async ({ createPool }, say) => {
  const fail = () => Promise.reject(new Error("down"));
  const pool = createPool({ create: fail, destroy: fail }, { acquireTimeoutMillis: 10 });
  const told: string[] = [];
  const tell = (name: string) => () => void told.push(name);
  const [a, b, c] = [tell("a"), tell("b"), tell("c")];
  pool.on("factoryCreateError", a).once("factoryCreateError", b).addListener(
    "factoryCreateError",
    c,
  );
  say(pool.listenerCount("factoryCreateError"), pool.listenerCount("factoryDestroyError"));
  say(pool.listeners("factoryCreateError").map((one) => [a, b, c].indexOf(one as typeof a)));
  say(pool.emit("factoryCreateError", new Error("by hand")), told.splice(0));
  say(pool.emit("factoryCreateError", new Error("by hand")), told.splice(0));
  pool.off("factoryCreateError", a).removeListener("factoryCreateError", c);
  say(pool.emit("factoryCreateError", new Error("by hand")), told);
  pool.on("factoryCreateError", a).on("factoryDestroyError", a).removeAllListeners(
    "factoryCreateError",
  );
  say(pool.listenerCount("factoryCreateError"), pool.listenerCount("factoryDestroyError"));
  pool.removeAllListeners();
  say(pool.listenerCount("factoryDestroyError"));
  await idle();
});

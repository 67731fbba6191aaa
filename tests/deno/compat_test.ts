// The facades beside the pools whose shapes they have: one script of steps, run on both, tells the same.

import { assert, assertEquals } from "@std/assert";
import * as theirGeneric from "generic-pool";
import * as theirTarn from "tarn";
import * as theirSequelize from "sequelize-pool";
import * as generic from "../../compat/generic_pool.ts";
import * as tarn from "../../compat/tarn.ts";
import * as sequelize from "../../compat/sequelize_pool.ts";
import { deferred, idle } from "../helpers/pool.ts";
import { sleep, until } from "../helpers/until.ts";

/** Takes down what a step has come to. */
type Say = (...what: unknown[]) => void;

/** Runs the steps on the peer, then on ours. */
function beside<M>(name: string, theirs: unknown, ours: M) {
  return (what: string, steps: (module: M, say: Say) => Promise<unknown>): void =>
    Deno.test({
      name: `${name} and its facade: ${what}`,
      sanitizeOps: false, // the peers' timers go on, if nothing else
      sanitizeResources: false,
      async fn() {
        const [expected, told] = [await run(theirs as M, steps), await run(ours, steps)];
        assert(expected.length > 0, "nothing was said");
        assertEquals(told, expected);
      },
    });
}

async function run<M>(module: M, steps: (module: M, say: Say) => Promise<unknown>) {
  const told: unknown[][] = [];
  await steps(module, (...what) => void told.push(structuredClone(what))); // as it is now
  return told;
}

/** What has become of a promise by now: a thing, or the kind of an error. */
async function outcome(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  promise.then((value) => state = shown(value), (error) => state = kindOf(error));
  await idle();
  return state;
}

function shown(value: unknown): string {
  return value instanceof Thing ? `#${value.id}` : String(value);
}

/** Ours have classes of their own, which are Errors all the same. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${error}`;
  return error.constructor.name === "TimeoutError" ? "TimeoutError" : "Error";
}

const errorOf = (call: () => unknown): string => {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? "an error" : `thrown: ${error}`;
  }
};

class Thing {
  readonly id: number;
  good = true;

  constructor(id: number) {
    this.id = id;
  }
}

/** Makes things, and remembers which were destroyed. */
class Shop {
  made = 0;
  readonly destroyed: number[] = [];
  readonly validated: number[] = [];

  readonly create = () => Promise.resolve(new Thing(this.made++));
  readonly destroy = (thing: Thing) => {
    this.destroyed.push(thing.id);
    return Promise.resolve();
  };
  readonly validate = (thing: Thing) => {
    this.validated.push(thing.id);
    return thing.good;
  };
}

// ---- generic-pool

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

// ---- tarn

const likeTarn = beside("tarn", theirTarn, tarn);

const numbers = (pool: tarn.Pool<Thing>) => [
  pool.numUsed(),
  pool.numFree(),
  pool.numPendingAcquires(),
  pool.numPendingValidations(),
  pool.numPendingCreates(),
  pool.isEmpty(),
];

const EVENTS = [
  "acquireRequest",
  "acquireSuccess",
  "acquireFail",
  "release",
  "createRequest",
  "createSuccess",
  "createFail",
  "destroyRequest",
  "destroySuccess",
  "destroyFail",
  "startReaping",
  "stopReaping",
  "poolDestroyRequest",
  "poolDestroySuccess",
] as const;

/** What is told by any event, with its arguments. */
function listen(pool: tarn.Pool<Thing>): string[] {
  const told: string[] = [];
  for (const event of EVENTS) {
    pool.on(event, (...args: unknown[]) => {
      const given = args.map((one) => one instanceof Error ? kindOf(one) : shown(one));
      told.push([event, ...given].join(" "));
    });
  }
  return told;
}

const tarnOptions = (shop: Shop, more: object = {}): tarn.PoolOptions<Thing> => ({
  create: shop.create,
  destroy: shop.destroy,
  min: 0,
  max: 2,
  ...more,
});

likeTarn("numbers, from the first acquire to the end", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(tarnOptions(shop));
  say(numbers(pool));
  const acquires = [pool.acquire(), pool.acquire(), pool.acquire()];
  say(pool.numPendingCreates());
  const [first, second] = [await acquires[0]!.promise, await acquires[1]!.promise];
  await idle();
  say([first.id, second.id].sort(), numbers(pool), acquires.map(({ isRejected }) => isRejected));
  say(pool.release(first));
  say(await acquires[2]!.promise === first, numbers(pool));
  say(pool.release(first), pool.release(second), pool.release(second), pool.release(new Thing(7)));
  say(numbers(pool), await pool.destroy() === undefined || true, shop.destroyed.sort());
  say(numbers(pool));
});

likeTarn("the one that came back last is lent first", async ({ Pool }, say) => {
  const pool = new Pool(tarnOptions(new Shop(), { max: 3 }));
  const all = [];
  for (let i = 0; i < 3; i++) all.push(await pool.acquire().promise);
  for (const i of [1, 2, 0]) pool.release(all[i]!);
  for (let i = 0; i < 3; i++) say((await pool.acquire().promise).id);
  for (const thing of all) pool.release(thing);
  await pool.destroy();
});

likeTarn("who came first is served first", async ({ Pool }, say) => {
  const pool = new Pool(tarnOptions(new Shop(), { max: 1 }));
  const order: number[] = [];
  const all = [0, 1, 2, 3].map(async (n) => {
    const thing = await pool.acquire().promise;
    order.push(n);
    await idle();
    pool.release(thing);
  });
  await Promise.all(all);
  say(order);
  await pool.destroy();
});

likeTarn("min is not made ahead", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(tarnOptions(shop, { min: 2, max: 3 }));
  const thing = await pool.acquire().promise;
  await idle();
  say(shop.made, numbers(pool));
  pool.release(thing);
  await pool.destroy();
});

const WRONG: object[] = [
  { create: undefined },
  { destroy: undefined },
  { min: undefined },
  { max: undefined },
  { min: -1 },
  { min: 0.5 },
  { min: "1" },
  { max: 0 },
  { max: 1.5 },
  { max: "2" },
  { min: 3 },
  { acquireTimeoutMillis: 0 },
  { acquireTimeoutMillis: -1 },
  { createTimeoutMillis: 1.5 },
  { destroyTimeoutMillis: "1" },
  { idleTimeoutMillis: null },
  { reapIntervalMillis: 0 },
  { createRetryIntervalMillis: NaN },
  { unknown: 1 },
  // And these are right.
  { acquireTimeoutMillis: undefined, validate: undefined, log: undefined },
  {
    acquireTimeoutMillis: 1,
    createTimeoutMillis: 1,
    destroyTimeoutMillis: 1,
    idleTimeoutMillis: 1,
  },
  { idleTimeoutMillis: Infinity, reapIntervalMillis: 1, createRetryIntervalMillis: 1 },
  { propagateCreateError: true, validate: () => true, log: () => {}, min: 2 },
];

for (const more of WRONG) {
  likeTarn(`the options ${Object.entries(more)}`, ({ Pool }, say) => {
    say(errorOf(() => new Pool(tarnOptions(new Shop(), more))));
    return Promise.resolve();
  });
}

likeTarn("each way to create", async ({ Pool }, say) => {
  const ways: tarn.CallbackOrPromise<Thing>[] = [
    (callback) => callback(null, new Thing(1)),
    (callback) => void callback(undefined, new Thing(2)),
    (callback) => void setTimeout(() => callback(null, new Thing(3))),
    () => new Thing(4),
    () => Promise.resolve(new Thing(5)),
    (callback) => callback(new Error("down"), new Thing(6)),
    () => Promise.reject(new Error("down")),
    () => {
      throw new Error("down");
    },
  ];
  for (const create of ways) {
    const options = { create, propagateCreateError: true, acquireTimeoutMillis: 1_000 };
    const pool = new Pool(tarnOptions(new Shop(), options));
    const acquired = pool.acquire();
    await acquired.promise.catch(() => {});
    say(await outcome(acquired.promise), acquired.isRejected);
  }
});

likeTarn("abort", async ({ Pool }, say) => {
  const pool = new Pool(tarnOptions(new Shop(), { max: 1 }));
  const first = pool.acquire();
  const thing = await first.promise;
  first.abort();
  const [second, third] = [pool.acquire(), pool.acquire()];
  const failed = outcome(second.promise);
  second.abort();
  second.abort();
  say(await failed, second.isRejected, first.isRejected, numbers(pool));
  pool.release(thing);
  say((await third.promise).id, numbers(pool));
  third.abort();
  await idle();
  say(third.isRejected, numbers(pool));
});

likeTarn("abort while one is made", async ({ Pool }, say) => {
  const made = deferred<Thing>();
  const pool = new Pool(tarnOptions(new Shop(), { create: () => made.promise }));
  const acquired = pool.acquire();
  const failed = outcome(acquired.promise);
  acquired.abort();
  say(await failed, numbers(pool));
  made.resolve(new Thing(3));
  await idle();
  say(numbers(pool), (await pool.acquire().promise).id);
});

likeTarn("abort while one is validated", async ({ Pool }, say) => {
  const answer = deferred<boolean>();
  const shop = new Shop();
  let again = false;
  const validate = () => again ? answer.promise : Promise.resolve(true);
  const pool = new Pool(tarnOptions(shop, { validate }));
  pool.release(await pool.acquire().promise);
  again = true;
  const acquired = pool.acquire();
  const failed = outcome(acquired.promise);
  await idle();
  say(numbers(pool));
  acquired.abort();
  answer.resolve(true);
  say(await failed, acquired.isRejected);
});

likeTarn("an acquire that takes too long", async ({ Pool, TimeoutError }, say) => {
  const pool = new Pool(tarnOptions(new Shop(), { max: 1, acquireTimeoutMillis: 20 }));
  const thing = await pool.acquire().promise;
  const late = pool.acquire();
  const error = await late.promise.catch((error) => error);
  say(error instanceof TimeoutError, error instanceof Error, late.isRejected, numbers(pool));
  pool.release(thing);
  say(numbers(pool), (await pool.acquire().promise).id);
});

likeTarn("creations that fail until it is too late", async ({ Pool, TimeoutError }, say) => {
  const create = async () => {
    await sleep(5);
    throw new Error("the database is down");
  };
  const options = { create, acquireTimeoutMillis: 300, createRetryIntervalMillis: 5 };
  const pool = new Pool(tarnOptions(new Shop(), options));
  const error = await pool.acquire().promise.catch((error) => error);
  say(error instanceof TimeoutError, error.message, numbers(pool).slice(0, 4));
});

likeTarn("creations that fail are tried again", async ({ Pool }, say) => {
  const shop = new Shop();
  let left = 3;
  const create = () => left-- > 0 ? Promise.reject(new Error("down")) : shop.create();
  const pool = new Pool(tarnOptions(shop, { create, max: 1, createRetryIntervalMillis: 1 }));
  const told = listen(pool);
  say((await pool.acquire().promise).id, left);
  await idle();
  say(told);
});

likeTarn("a creation that fails is told whom it may concern", async ({ Pool }, say) => {
  const shop = new Shop();
  let left = 1;
  const create = () => left-- > 0 ? Promise.reject(new Error("down")) : shop.create();
  const options = { create, max: 1, createRetryIntervalMillis: 1, propagateCreateError: true };
  const pool = new Pool(tarnOptions(shop, options));
  const [first, second] = [pool.acquire(), pool.acquire()];
  const error = await first.promise.catch((error) => error);
  say(error.message, first.isRejected, second.isRejected, (await second.promise).id);
});

likeTarn("a creation that takes too long", async ({ Pool, TimeoutError }, say) => {
  const shop = new Shop();
  const made = deferred<Thing>();
  const options = {
    create: () => made.promise,
    createTimeoutMillis: 20,
    propagateCreateError: true,
  };
  const pool = new Pool(tarnOptions(shop, options));
  const error = await pool.acquire().promise.catch((error) => error);
  say(error instanceof TimeoutError, numbers(pool).slice(0, 4));
  made.resolve(new Thing(5));
  await idle();
  say(shop.destroyed);
});

for (const answer of [true, 1, false, 0, undefined, "throws", "rejects"]) {
  for (const later of [false, true]) {
    likeTarn(`validate: ${answer}${later ? ", asynchronously" : ""}`, async ({ Pool }, say) => {
      const shop = new Shop();
      const validate = ({ id }: Thing) => {
        const given = id > 0 ? true : again ? answer : true;
        if (given === "throws") throw new Error("not so good");
        if (given === "rejects") return Promise.reject(new Error("not so good"));
        return later ? Promise.resolve(given) : given;
      };
      let again = false;
      const pool = new Pool(tarnOptions(shop, { validate }));
      pool.release(await pool.acquire().promise);
      again = true;
      say((await pool.acquire().promise).id);
      await idle();
      say(shop.destroyed, numbers(pool));
    });
  }
}

likeTarn("what fails in destroy, and in listeners, is logged", async ({ Pool }, say) => {
  const logged: string[] = [];
  const log = (message: string, level: string) =>
    logged.push(`${level} ${/stuck|noisy/.exec(message)}`);
  const destroy = () => Promise.reject(new Error("stuck"));
  const pool = new Pool(tarnOptions(new Shop(), { log, destroy }));
  const told = listen(pool);
  pool.on("release", () => {
    throw new Error("noisy");
  });
  let heard = false;
  pool.on("release", () => heard = true);
  pool.release(await pool.acquire().promise);
  await pool.destroy();
  say(heard, logged, told.filter((line) => line.startsWith("destroy")));
});

likeTarn("all events, with their arguments", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(tarnOptions(shop, { validate: shop.validate }));
  const told = listen(pool);
  const take = async () => {
    const thing = await pool.acquire().promise;
    await idle();
    return thing;
  };
  const first = await take();
  const second = await take();
  say(told.splice(0));
  const third = pool.acquire();
  await idle();
  third.abort();
  await outcome(third.promise);
  say(told.splice(0));
  pool.release(first);
  pool.release(new Thing(9));
  await idle();
  say(told.splice(0));
  first.good = false;
  const fourth = await take();
  await sleep(5);
  say(told.splice(0));
  pool.release(second);
  pool.release(fourth);
  await pool.destroy();
  say(told.splice(0));
  pool.release(fourth);
  say(told);
});

likeTarn("listeners that are removed", async ({ Pool }, say) => {
  const pool = new Pool(tarnOptions(new Shop()));
  const told: string[] = [];
  const a = () => void told.push("a");
  const b = () => void told.push("b");
  say(pool.on("acquireRequest", a), pool.on("acquireRequest", b), pool.on("release", b));
  await pool.acquire().promise;
  pool.removeListener("acquireRequest", a);
  pool.release(await pool.acquire().promise);
  pool.removeAllListeners("acquireRequest");
  pool.release(await pool.acquire().promise);
  pool.removeAllListeners("release");
  pool.release(await pool.acquire().promise);
  say(told);
});

likeTarn("what is unused goes, but for min", async ({ Pool }, say) => {
  for (const min of [0, 1, 2]) {
    const shop = new Shop();
    const options = { min, max: 3, idleTimeoutMillis: 20, reapIntervalMillis: 10 };
    const pool = new Pool(tarnOptions(shop, options));
    const told = listen(pool);
    const all = [];
    for (let i = 0; i < 3; i++) all.push(await pool.acquire().promise);
    for (const thing of all) pool.release(thing);
    await until(() => shop.destroyed.length === 3 - min, "they stay");
    await sleep(60);
    say(min, shop.destroyed, shop.made, numbers(pool));
    say(told.filter((line) => /Reaping|destroy/.test(line)).sort());
    if (min === 0) pool.release(await pool.acquire().promise);
    say(told.filter((line) => /Reaping/.test(line)));
    await pool.destroy();
    say(told.filter((line) => /Reaping/.test(line)));
  }
});

likeTarn("destroy waits for what is used, and joins", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(tarnOptions(shop, { max: 1 }));
  const thing = await pool.acquire().promise;
  const ended = pool.destroy();
  const twice = pool.destroy();
  let over = 0;
  for (const end of [ended, twice]) void end.then(() => over++);
  await idle();
  say(over, shop.destroyed);
  say(pool.release(thing));
  await Promise.all([ended, twice]);
  await idle();
  say(over, new Set(shop.destroyed), numbers(pool)); // there it is destroyed twice
});

likeTarn("destroy waits for what is being made", async ({ Pool }, say) => {
  const made = deferred<Thing>();
  const shop = new Shop();
  const pool = new Pool(tarnOptions(shop, { create: () => made.promise }));
  const acquired = pool.acquire();
  const failed = acquired.promise.catch(kindOf);
  const told = listen(pool);
  const ended = pool.destroy();
  let over = false;
  void ended.then(() => over = true);
  await idle();
  say(over);
  made.resolve(new Thing(2));
  await ended;
  say(await failed, shop.destroyed, numbers(pool), told.filter((line) => !/acquire/.test(line)));
});

likeTarn("a destroy that takes too long", async ({ Pool, TimeoutError }, say) => {
  const destroy = () => new Promise<void>(() => {});
  const pool = new Pool(tarnOptions(new Shop(), { destroy, destroyTimeoutMillis: 20 }));
  let error: unknown;
  pool.on("destroyFail", (_id, _thing, failure) => error = failure);
  pool.release(await pool.acquire().promise);
  await pool.destroy();
  say(error instanceof TimeoutError, numbers(pool));
});

// ---- sequelize-pool

const likeSequelize = beside("sequelize-pool", theirSequelize, sequelize);

const figures = (pool: sequelize.Pool<Thing>) => {
  const { available, maxSize, minSize, name, size, using, waiting } = pool;
  return { available, maxSize, minSize, name, size, using, waiting };
};

const factory = (shop: Shop, more: object = {}): sequelize.FactoryOptions<Thing> => ({
  create: shop.create,
  destroy: shop.destroy,
  validate: shop.validate,
  min: 0,
  max: 2,
  ...more,
});

likeSequelize("figures, from the first acquire to the end", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(factory(shop, { name: "mine" }));
  say(figures(pool));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  const third = pool.acquire();
  say(first.id, second.id, await outcome(third), figures(pool));
  say(pool.release(first), await outcome(third), figures(pool));
  pool.release(first);
  pool.release(second);
  say(figures(pool));
  say(await outcome(pool.drain()), figures(pool), shop.destroyed);
  say(await outcome(pool.destroyAllNow()), figures(pool), shop.destroyed);
  say(await outcome(pool.acquire()));
});

const UNFIT: object[] = [
  { create: undefined },
  { destroy: undefined },
  { validate: undefined },
  { min: undefined },
  { max: undefined },
  { min: -1 },
  { min: 1.5 },
  { max: 0 },
  { max: 2.5 },
  { max: "2" },
  { min: 3 },
  { maxUses: -1 },
  { maxUses: "1" },
  // And these are right.
  { maxUses: 0, idleTimeoutMillis: 1, acquireTimeoutMillis: 1, reapIntervalMillis: 1, log: true },
  { maxUses: undefined, idleTimeoutMillis: undefined, name: "mine", log: () => {}, other: 1 },
];

for (const more of UNFIT) {
  likeSequelize(`the options ${Object.entries(more)}`, ({ Pool }, say) => {
    say(errorOf(() => new Pool(factory(new Shop(), more))));
    return Promise.resolve();
  });
}

likeSequelize("who came first is served first, by what came back last", async ({ Pool }, say) => {
  const pool = new Pool(factory(new Shop()));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  const waiting = [pool.acquire(), pool.acquire(), pool.acquire()];
  pool.release(second);
  pool.release(first);
  say(await Promise.all(waiting.map(outcome)));
  pool.release(first);
  say(await Promise.all(waiting.map(outcome)));
  pool.release(second);
  pool.release(first);
  say((await pool.acquire()).id, (await pool.acquire()).id);
});

likeSequelize("a creation that fails", async ({ Pool }, say) => {
  const shop = new Shop();
  let left = 1;
  const create = () => left-- > 0 ? Promise.reject(new Error("down")) : shop.create();
  const pool = new Pool(factory(shop, { create, max: 1 }));
  const [first, second] = [pool.acquire(), pool.acquire()];
  const error = await first.catch((error) => error);
  say(error.message, (await second).id, figures(pool));
});

likeSequelize("an acquire that takes too long", async ({ Pool, TimeoutError }, say) => {
  const pool = new Pool(factory(new Shop(), { max: 1, acquireTimeoutMillis: 20 }));
  const thing = await pool.acquire();
  const error = await pool.acquire().catch((error) => error);
  say(error instanceof TimeoutError, error instanceof Error, figures(pool));
  pool.release(thing);
  say((await pool.acquire()).id);
});

likeSequelize("validation of what was given back", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(factory(shop));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  say(shop.validated);
  pool.release(first);
  pool.release(second);
  second.good = false;
  say((await pool.acquire()).id, shop.validated, shop.destroyed, figures(pool));
  first.good = false;
  say((await pool.acquire()).id, shop.destroyed, shop.made);
});

for (const maxUses of [undefined, 0, 1, 2, 2.5, Infinity]) {
  likeSequelize(`maxUses ${maxUses}`, async ({ Pool }, say) => {
    const shop = new Shop();
    const pool = new Pool(factory(shop, { maxUses, max: 1 }));
    for (let i = 0; i < 6; i++) {
      const thing = await pool.acquire();
      pool.release(thing);
      await idle();
      say(thing.id, shop.destroyed);
    }
  });
}

likeSequelize("what is released twice, or unknown, is logged", async ({ Pool }, say) => {
  const levels: string[] = [];
  const log = (_message: string, level: string) => levels.push(level);
  const pool = new Pool(factory(new Shop(), { log }));
  const thing = await pool.acquire();
  pool.release(thing);
  levels.length = 0;
  say(pool.release(thing), pool.release(new Thing(9)), levels, figures(pool));
});

likeSequelize("destroy", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(factory(shop));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  const waits = pool.acquire();
  pool.release(second);
  const third = await waits;
  say(await outcome(pool.destroy(first)), shop.destroyed, figures(pool));
  pool.release(third);
  say(await outcome(pool.destroy(third)), shop.destroyed, figures(pool));
  say(
    await outcome(pool.destroy(third)),
    await outcome(pool.destroy(new Thing(9))),
    shop.destroyed,
  );
});

likeSequelize("a destruction that fails", async ({ Pool, AggregateError }, say) => {
  const destroy = ({ id }: Thing) => Promise.reject(new Error(`stuck ${id}`));
  const pool = new Pool(factory(new Shop(), { destroy }));
  const first = await pool.acquire();
  say((await pool.destroy(first).catch((error) => error)).message, figures(pool));
  const all = [await pool.acquire(), await pool.acquire()];
  for (const thing of all) pool.release(thing);
  await pool.drain();
  const error = await pool.destroyAllNow().catch((error) => error);
  say(error instanceof AggregateError, error.errors.map(({ message }: Error) => message).sort());
  say(error.name, figures(pool));
});

likeSequelize("a destruction that throws at once", async ({ Pool }, say) => {
  const destroy = () => {
    throw new Error("stuck");
  };
  const pool = new Pool(factory(new Shop(), { destroy }));
  say(await outcome(pool.destroy(await pool.acquire())), figures(pool));
});

likeSequelize("drain serves who waits", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(factory(shop, { max: 1 }));
  const thing = await pool.acquire();
  const waits = pool.acquire();
  const drained = pool.drain();
  say(await outcome(pool.acquire()), await outcome(drained), await outcome(waits));
  pool.release(thing);
  say(await outcome(waits), await outcome(drained));
  pool.release(await waits);
  await drained;
  say(figures(pool), shop.destroyed);
  await pool.destroyAllNow();
  say(figures(pool), shop.destroyed);
});

likeSequelize("what is unused goes, but for min", async ({ Pool }, say) => {
  for (const min of [0, 1]) {
    const shop = new Shop();
    const options = { min, idleTimeoutMillis: 20, reapIntervalMillis: 10 };
    const pool = new Pool(factory(shop, options));
    const all = [await pool.acquire(), await pool.acquire()];
    for (const thing of all) pool.release(thing);
    await until(() => shop.destroyed.length === 2 - min, "they stay");
    await sleep(60);
    say(shop.destroyed, shop.made, figures(pool));
    await pool.drain();
    await pool.destroyAllNow();
  }
});

likeSequelize("destroyAllNow without drain", async ({ Pool }, say) => {
  const shop = new Shop();
  const pool = new Pool(factory(shop));
  const [first, second] = [await pool.acquire(), await pool.acquire()];
  pool.release(first);
  say(await outcome(pool.destroyAllNow()), shop.destroyed, figures(pool));
  say((await pool.acquire()).id, second.id);
});

// tarn and the facade in its shape: one script of steps, run on both, tells the same.

import * as tarn from "../../../compat/tarn.ts";
import { deferred, idle } from "../../helpers/pool.ts";
import { sleep, until } from "../../helpers/until.ts";
import { beside, errorOf, kindOf, outcome, Shop, shown, Thing } from "./beside.ts";
import * as theirTarn from "tarn";

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

// sequelize-pool and the facade in its shape: one script of steps, run on both, tells the same.

import * as sequelize from "../../../compat/sequelize_pool.ts";
import { idle } from "../../helpers/pool.ts";
import { sleep, until } from "../../helpers/until.ts";
import { beside, errorOf, outcome, Shop, Thing } from "./beside.ts";
import * as theirSequelize from "sequelize-pool";

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

// Pool.use whose caller gives up: it rejects at once, and its object goes back once the callback is done.

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Pool, PoolOptions } from "../mod.ts";
import { deferred, idle, rejection, Thing, Timers } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { unhandledIn } from "./helpers/unhandled.ts";

const enough = new RangeError("enough");

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

/** A `use` whose callback ends by hand, and whose caller may give up. */
function begin(pool: Pool<Thing>) {
  const stop = new AbortController();
  const work = deferred<unknown>();
  const seen: { signal?: AbortSignal } = {};
  const used = rejection(pool.use((_, { signal }) => {
    seen.signal = signal;
    return work.promise;
  }, { signal: stop.signal }));
  return { stop, work, used, seen };
}

/** The same, and that caller has given up. */
async function abandoned(pool: Pool<Thing>) {
  const use = begin(pool);
  await idle();
  use.stop.abort(enough);
  return use;
}

describe("use whose caller's signal aborts while fn runs", () => {
  it("rejects at once with the reason itself, and keeps the object until fn has settled", async () => {
    await using pool = things();
    const { used, work } = await abandoned(pool);
    const next = pool.get();
    assertStrictEquals(await used, enough);
    await idle();
    assertEquals([pool.using, pool.waiting, pool.stats().closed], [1, 1, 0]);
    work.resolve("of no use");
    const lease = await next;
    const { discarded, returned, closed, aborted, timeouts } = pool.stats();
    assertEquals([lease.id, discarded, returned, closed, aborted, timeouts], [1, 1, 0, 1, 0, 0]);
    await pool.ret(lease);
  });

  it("aborts fn's own signal, with the same reason", async () => {
    await using pool = things();
    const { used, work, seen } = begin(pool);
    await idle();
    assertEquals(seen.signal!.aborted, false);
    work.resolve(1);
    await assertRejects(() => used, Error, "expected a rejection"); // it has come to its good end
    const again = await abandoned(pool);
    assertStrictEquals(again.seen.signal!.reason, enough);
    again.work.resolve(1);
  });

  it("ignores what fn throws afterwards: discardOnError is asked of the reason alone", async () => {
    const asked: unknown[] = [];
    const unhandled = await unhandledIn(async () => {
      await using pool = things({ discardOnError: (error) => asked.push(error) > 0 });
      const { used, work } = await abandoned(pool);
      work.reject(new TypeError("fn's own"));
      assertStrictEquals(await used, enough);
      await idle();
      assertEquals([pool.stats().discarded, pool.size], [1, 0]);
    });
    assertEquals(unhandled, []);
    assertEquals(asked.length, 1);
    assertStrictEquals(asked[0], enough);
  });

  it("gives the object back if discardOnError says so, with or without a retter", async () => {
    for (const retter of [undefined, () => {}, () => idle()]) {
      const asked: unknown[] = [];
      await using pool = things({ retter, discardOnError: (error) => asked.push(error) === 0 });
      const { used, work } = await abandoned(pool);
      await used;
      work.resolve(1);
      await idle();
      await idle();
      const { returned, discarded } = pool.stats();
      assertEquals([asked, returned, discarded, pool.available], [[enough], 1, 0, 1]);
    }
  });

  it("with a retter the object goes through it to who waits, and nothing is closed", async () => {
    const reset: number[] = [];
    await using pool = things({ retter: ({ id }) => void reset.push(id) });
    const { used, work } = await abandoned(pool);
    const next = pool.get();
    await used;
    await idle();
    assertEquals([reset, pool.waiting], [[], 1], "not while fn still has it");
    work.resolve(1);
    assertEquals([(await next).id, reset, pool.stats().closed], [0, [0], 0]);
    await pool.ret(await next);
  });

  it("is the same for a callback that takes no context, or that aborts the signal itself", async () => {
    await using pool = things();
    const waits = [(): unknown => null, () => idle(), () => Promise.reject(new Error("fn's own"))];
    const throws = () => {
      throw new Error("fn's own");
    };
    for (const [i, end] of [...waits, throws].entries()) {
      const stop = new AbortController();
      const fn = () => {
        stop.abort(enough);
        return end();
      };
      const unhandled = await unhandledIn(async () => {
        assertStrictEquals(await rejection(pool.use(fn, { signal: stop.signal })), enough);
      });
      assertEquals([unhandled, pool.stats().discarded, pool.size], [[], i + 1, 0]);
    }
  });

  it("passes any reason on as it is", async () => {
    await using pool = things({ retter: () => {} });
    for (const reason of ["text", 0, null, false, { an: "object" }]) {
      const { stop, work, used, seen } = begin(pool);
      await idle();
      stop.abort(reason);
      assertStrictEquals(await used, reason);
      assertStrictEquals(seen.signal!.reason, reason);
      work.resolve(1);
      await idle();
    }
  });

  it("makes a reason where a polyfilled signal has none: one for caller and callback", async () => {
    await using pool = things();
    const signal = Object.assign(new EventTarget(), { aborted: false });
    let own: AbortSignal | undefined;
    const used = rejection(pool.use((_, context) => {
      own = context.signal;
      return idle();
    }, { signal: signal as unknown as AbortSignal }));
    await idle();
    signal.aborted = true;
    signal.dispatchEvent(new Event("abort"));
    const error = await used as DOMException;
    assertEquals([error.name, own!.aborted], ["AbortError", true]);
    assert(error.message.includes("no reason"), error.message);
    assertStrictEquals(own!.reason, error);
  });

  it("changes nothing once fn has settled, even while retter is still at work", async () => {
    const reset = deferred();
    await using pool = things({ retter: () => reset.promise });
    const { stop, work, used, seen } = begin(pool);
    await idle();
    work.reject(new TypeError("fn's own"));
    await idle();
    stop.abort(enough);
    reset.resolve();
    assertEquals(String(await used), "TypeError: fn's own");
    assertEquals([seen.signal!.aborted, pool.available], [false, 1]);
  });

  it("a storm of 1000 cancellations closes nothing where a retter resets", async () => {
    await using pool = things({ maxSize: 10, retter: () => {} });
    const stop = new AbortController();
    const fn = (_: Thing, { signal }: { signal: AbortSignal }) =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
    const unhandled = await unhandledIn(async () => {
      for (let i = 0; i < 100; i++) {
        const stop = new AbortController();
        const storm = Array.from(
          { length: 10 },
          () => rejection(pool.use(fn, { signal: stop.signal })),
        );
        await idle();
        stop.abort(enough);
        assertEquals(new Set(await Promise.all(storm)), new Set([enough]));
      }
    });
    stop.abort();
    const { created, closed, gets, returned, discarded } = pool.stats();
    assertEquals([created, closed, gets, returned, discarded], [10, 0, 1000, 1000, 0]);
    assertEquals([unhandled, pool.available], [[], 10]);
  });

  it("leaves no listener and no timer behind", async () => {
    await using pool = things();
    await pool.use(() => {}); // from then on there is an object that is lent at once
    using timers = new Timers();
    for (const gone of [false, true]) {
      let listeners = 0;
      const stop = new AbortController();
      const { signal } = stop;
      const [add, remove] = [signal.addEventListener, signal.removeEventListener];
      signal.addEventListener = (...args: Parameters<typeof add>) => {
        listeners++;
        add.apply(signal, args);
      };
      signal.removeEventListener = (...args: Parameters<typeof remove>) => {
        listeners--;
        remove.apply(signal, args);
      };
      const work = deferred();
      const used = pool.use(() => work.promise, { signal }).catch(() => {});
      await idle();
      assertEquals(listeners, 1);
      if (gone) stop.abort();
      work.resolve();
      await used;
      await idle();
      assertEquals([listeners, timers.pending], [0, 0]);
    }
  });
});

describe("use whose signal aborts before fn is called", () => {
  it("had aborted already: rejects with its reason, and starts nothing", async () => {
    await using pool = things();
    let called = false;
    const signal = AbortSignal.abort(enough);
    assertStrictEquals(await rejection(pool.use(() => called = true, { signal })), enough);
    assertEquals([called, pool.size, pool.stats().started], [false, 0, null]);
  });

  it("while it queues: takes nothing with it", async () => {
    await using pool = things();
    const lease = await pool.get();
    const stop = new AbortController();
    let called = false;
    const used = rejection(pool.use(() => called = true, { signal: stop.signal }));
    const other = pool.use(({ id }) => id);
    stop.abort(enough);
    assertStrictEquals(await used, enough);
    assertEquals(pool.waiting, 1);
    await pool.ret(lease);
    assertEquals([await other, called, pool.stats().discarded], [0, false, 0]);
    assertEquals([pool.stats().aborted, pool.available], [1, 1]);
  });

  it("after it was served, others having their turn first: the object goes back untouched", async () => {
    const asked: unknown[] = [];
    await using pool = things({ discardOnError: (error) => asked.push(error) > 0 });
    const lease = await pool.get();
    const stop = new AbortController();
    let called = false;
    const used = rejection(pool.use(() => called = true, { signal: stop.signal }));
    const returned = pool.ret(lease); // which has served it
    stop.abort(enough);
    await returned;
    assertStrictEquals(await used, enough);
    const { aborted, returned: back, gets } = pool.stats();
    assertEquals([called, asked, pool.available], [false, [], 1]);
    assertEquals([aborted, back, gets], [0, 2, 2]);
  });
});

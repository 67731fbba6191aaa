// The metrics of a pool, by a meter that remembers.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { type Meter, observeMetrics } from "../observe/otel.ts";
import { insideOf } from "../pool.ts";
import { collect, needGc } from "./helpers/gc.ts";
import { deferred, idle, rejection, Thing, Time } from "./helpers/pool.ts";
import { RecordingMeter } from "./helpers/meter.ts";
import { TestPool } from "./helpers/test_pool.ts";

const POOL = "db.client.connection.pool.name";
const WAIT = "db.client.connection.wait_time";
const USE = "db.client.connection.use_time";
const CREATE = "db.client.connection.create_time";

describe("the metrics of a pool", () => {
  it("count what is idle, used, being made and being closed, each apart", async () => {
    const [making, closing] = [deferred<Thing>(), deferred()];
    const meter = new RecordingMeter();
    await using pool = new TestPool((n) => n < 3 ? new Thing(n) : making.promise, {
      name: "things",
      maxSize: 4,
      minSize: 3,
      closer: () => closing.promise,
    });
    using _metrics = observeMetrics(pool, { meter });
    await pool.ready();
    const [held, gone] = [await pool.get(), await pool.get()];
    void pool.discard(gone);
    await idle();
    assertEquals(meter.collect(), {
      "count idle": 1,
      "count used": 1,
      "count creating": 1,
      "count closing": 1,
      "pending_requests": 0,
      "idle.min": 3,
      "idle.max": 4,
      "max": 4,
      "timeouts": 0,
    });
    making.resolve(new Thing(3));
    closing.resolve();
    await pool.ret(held);
  });

  it("count who waits and who is late", async () => {
    const meter = new RecordingMeter();
    await using pool = new TestPool(() => ({}), { maxSize: 1 });
    using _metrics = observeMetrics(pool, { meter });
    using time = new Time();
    const lease = await pool.get();
    const late = rejection(pool.get({ timeout: 20 }));
    const waiting = pool.get();
    assertEquals(meter.collect().pending_requests, 2);
    await time.pass(20);
    await late;
    const { pending_requests, timeouts } = meter.collect();
    assertEquals({ pending_requests, timeouts }, { pending_requests: 1, timeouts: 1 });
    await pool.ret(lease);
    await pool.ret(await waiting);
  });

  it("tell in seconds how long it took to make, to get and to use an object", async () => {
    const meter = new RecordingMeter();
    using time = new Time();
    const making = [deferred<object>(), deferred<object>()];
    await using pool = new TestPool((n) => making[n]!.promise, { maxSize: 1 });
    using _metrics = observeMetrics(pool, { meter });
    const first = pool.get();
    await time.pass(250);
    making[0]!.reject(new Error("no"));
    await rejection(first);
    const second = pool.get();
    await time.pass(500);
    making[1]!.resolve({});
    const lease = await second;
    await time.pass(2000);
    await pool.ret(lease);
    await pool.use(() => {});
    await pool.detach(await pool.get());
    assertEquals(meter.recorded(CREATE), [0.5], "one that fails is none");
    assertEquals(meter.recorded(WAIT), [0.5, 0, 0], "nor has one waited that got none");
    assertEquals(meter.recorded(USE), [2, 0], "nor has one come back that was detached");
    const attributes = { [POOL]: pool.stats().name };
    assertEquals(meter.instruments.get(WAIT)!.points.map((point) => point.attributes), [
      attributes,
      attributes,
      attributes,
    ]);
  });

  it("are not rounded to milliseconds", async () => {
    const meter = new RecordingMeter();
    await using pool = new TestPool(() => ({}), { maxSize: 1 });
    using _metrics = observeMetrics(pool, { meter });
    using time = new Time();
    const lease = await pool.get();
    await time.pass(0.25);
    await pool.ret(lease);
    assertEquals(meter.recorded(USE), [0.00025]);
  });

  it("say no limit where there is none, and follow resize", async () => {
    const meter = new RecordingMeter();
    await using pool = new TestPool(() => ({}), { minAvailable: 2 });
    using _metrics = observeMetrics(pool, { meter });
    const limits = () => {
      const { max, "idle.max": idleMax, "idle.min": idleMin } = meter.collect();
      return [max, idleMax, idleMin];
    };
    assertEquals(limits(), [undefined, undefined, 2]);
    pool.resize({ maxSize: 5, minSize: 3 });
    assertEquals(limits(), [5, 5, 3]);
    pool.resize({ maxSize: 0 });
    assertEquals(limits(), [0, 0, 3], "the last limit must not seem to be in force");
  });

  it("have the attributes that are given", async () => {
    const meter = new RecordingMeter();
    await using pool = new TestPool(() => ({}), { name: "orders" });
    const attributes = { "server.port": 5432 };
    using _metrics = observeMetrics(pool, { meter, attributes });
    await pool.use(() => {});
    assertEquals(meter.instruments.get(USE)!.points[0]!.attributes, {
      "server.port": 5432,
      [POOL]: "orders",
    });
    assertEquals(meter.collect("server.port")["max 5432"], undefined);
    assertEquals(meter.collect("server.port")["timeouts 5432"], 0);
  });

  it("of several pools on one meter are told apart by the pools' names", async () => {
    const meter = new RecordingMeter();
    await using a = new TestPool(() => ({}), { name: "a" });
    await using b = new TestPool(() => ({}), { name: "b" });
    using _a = observeMetrics(a, { meter });
    using _b = observeMetrics(b, { meter });
    await using _lease = await b.get();
    const read = meter.collect(POOL);
    assertEquals([read["pending_requests a"], read["pending_requests b"]], [0, 0]);
    const { points } = meter.instruments.get(WAIT)!;
    assertEquals(points.map(({ attributes }) => attributes?.[POOL]), ["b"]);
  });

  it("end with a collection of zeros once they are disposed of", async () => {
    const meter = new RecordingMeter();
    await using pool = new TestPool(() => ({}), { maxSize: 2, minSize: 1 });
    const metrics = observeMetrics(pool, { meter });
    const other = observeMetrics(pool, { meter });
    await using _lease = await pool.get();
    assertEquals(meter.collect()["count used"], 1);
    metrics[Symbol.dispose]();
    metrics[Symbol.dispose]();
    await pool.use(() => {});
    assertEquals(meter.recorded(WAIT).length, 3, "the other one goes on");
    other[Symbol.dispose]();
    await pool.use(() => {});
    assertEquals(meter.recorded(WAIT).length, 3);
    const gone = {
      "count idle": 0,
      "count used": 0,
      "count creating": 0,
      "count closing": 0,
      "pending_requests": 0,
      "idle.min": 0,
      "idle.max": 0,
      "max": 0,
      "timeouts": 0,
    };
    assertEquals(meter.collect(), gone);
    await idle();
    assertEquals([meter.collect(), meter.callbacks], [{}, []]);
  });

  it("end in the same way once the pool has been shut down and is empty", async () => {
    const meter = new RecordingMeter();
    const pool = new TestPool(() => ({}), { maxSize: 1 });
    await using other = new TestPool(() => ({}), { maxSize: 3, name: "other" });
    observeMetrics(pool, { meter });
    observeMetrics(other, { meter });
    const lease = await pool.get();
    await rejection(pool.get({ timeout: 1 }));
    const down = pool.shutdown();
    meter.collect();
    await idle();
    assertEquals(meter.callbacks.length, 2, "an object is still out");
    await pool.ret(lease);
    await down;
    const read = meter.collect(POOL);
    const { name } = pool.stats();
    assertEquals([read["max other"], read[`max ${name}`], read[`timeouts ${name}`]], [3, 0, 1]);
    await idle();
    assertEquals(meter.callbacks.length, 1);
  });

  it("leave the pool as it is if the meter fails, and that is logged", async () => {
    class Failing extends RecordingMeter {
      override createHistogram(name: string): { record(): void } {
        return {
          record() {
            throw new Error(`no ${name}`);
          },
        };
      }
    }
    await using pool = new TestPool(() => ({}), { name: "p" });
    using _metrics = observeMetrics(pool, { meter: new Failing() });
    assertEquals(await pool.use(() => 1), 1);
    assertEquals(pool.lines, [
      `warn p: an observer failed in created: Error: no ${CREATE}`,
      `warn p: an observer failed in lent: Error: no ${WAIT}`,
      `warn p: an observer failed in returned: Error: no ${USE}`,
    ]);
  });
});

describe("observeMetrics", () => {
  it("keep no pool after their end, though no collection follows", async () => {
    needGc();
    const meter = new RecordingMeter();
    const states: WeakRef<object>[] = [];
    const ends: Disposable[] = [];
    await (async () => {
      for (let i = 0; i < 10; i++) {
        const pool = new Pool(() => ({}), { maxSize: 1 });
        const metrics = observeMetrics(pool, { meter });
        await pool.use(() => {});
        metrics[Symbol.dispose]();
        await pool.shutdown();
        states.push(new WeakRef(insideOf(pool)));
        ends.push(metrics);
      }
    })();
    await collect();
    assertEquals([meter.callbacks.length, ends.length], [10, 10]);
    const kept = states.filter((state) => state.deref() !== undefined).length;
    assert(kept < 3, `${kept} are kept`); // Bun takes what looks like an address on its stack for one
  });

  it("refuses what is no pool, no meter or no option", () => {
    const pool = new TestPool(() => ({}));
    const meter = new RecordingMeter();
    const wrong: [unknown, unknown, string][] = [
      [{}, { meter }, "a Pool is needed, got an object: pass what new Pool() returned"],
      [pool, undefined, "observeMetrics: options must be an object, got undefined"],
      [pool, {}, "observeMetrics: meter must have createHistogram(), got undefined: "],
      [pool, { meter: { createHistogram() {} } }, "observeMetrics: meter must have createObs"],
      [pool, { meter, name: "x" }, 'observeMetrics: unknown option "name": the options are meter'],
      [pool, { meter, attributes: 5 }, "observeMetrics: attributes must be an object, got 5"],
      [
        pool,
        { meter, attributes: { a: {} } },
        'observeMetrics: attributes["a"] must be a string, a number or a boolean, got an object',
      ],
      [
        pool,
        { meter, attributes: { [POOL]: "other" } },
        `observeMetrics: attributes["${POOL}"] cannot be given: observeMetrics sets it itself: leave`,
      ],
      [
        pool,
        { meter, attributes: { "db.client.connection.state": "idle" } },
        'observeMetrics: attributes["db.client.connection.state"] cannot be given: ',
      ],
      [
        pool,
        { meter, attributes: { "proxypool.key": "a" } },
        'observeMetrics: attributes["proxypool.key"] cannot be given: ',
      ],
      [pool, { meter, perKey: 1 }, "observeMetrics: perKey must be true or false, got 1"],
      [
        pool,
        { meter, perKey: true },
        "observeMetrics: perKey is only for a KeyedPool: leave it out",
      ],
    ];
    for (const [target, options, said] of wrong) {
      assertThrows(
        () => observeMetrics(target as typeof pool, options as { meter: Meter }),
        TypeError,
        said,
      );
    }
    assertEquals([meter.callbacks, meter.instruments.size], [[], 0]);
  });
});

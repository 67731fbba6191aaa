// What observes a KeyedPool from outside: metrics, traces, channels, a dashboard, as keys come and go.

import { AsyncLocalStorage } from "node:async_hooks";
import * as diagnostics from "node:diagnostics_channel";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { publish } from "../observe/channels.ts";
import { dashboard } from "../observe/dashboard.ts";
import { type Attributes, observeMetrics, observeTraces } from "../observe/otel.ts";
import { PoolClosedError } from "../errors.ts";
import { insideOf } from "../pool.ts";
import { KeyedPool, type KeyedPoolOptions } from "../quota/keyed.ts";
import { Page } from "./helpers/dashboard_page.ts";
import { RecordingMeter } from "./helpers/meter.ts";
import { idle, rejection, Time } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";
import { until } from "./helpers/until.ts";

const POOL = "db.client.connection.pool.name";
const KEY = "proxypool.key";

function tenants(options: KeyedPoolOptions<object> = {}) {
  return new KeyedPool((key: string) => ({ key }), { name: "tenants", maxSize: 3, ...options });
}

/** A key is forgotten a moment after its last object has gone. */
async function forget(pool: KeyedPool<string, object>, key: string): Promise<void> {
  await pool.reset(key);
  await until(() => pool.pool(key) === undefined, `${key} is forgotten`);
}

describe("the metrics of a KeyedPool", () => {
  it("are sums over its keys, forgotten ones and who waits for a key included", async () => {
    const meter = new RecordingMeter();
    await using pool = tenants({ maxKeys: 2 });
    using _metrics = observeMetrics(pool, { meter, attributes: { app: "shop" } });
    await pool.use("gone", () => {});
    await forget(pool, "gone");
    await pool.use("a", () => {});
    const lease = await pool.get("b");
    const held = await pool.get("a");
    await rejection(pool.get("c", { timeout: 5 }));
    await rejection(pool.get("b", { timeout: 5, signal: AbortSignal.abort() }));
    const waiting = pool.get("c", { timeout: 10_000 }).catch(() => {});
    const read = meter.collect();
    assertEquals(read, {
      "count idle": 0,
      "count used": 2,
      "count creating": 0,
      "count closing": 0,
      "pending_requests": 1,
      "idle.min": 0,
      "max": 3,
      "idle.max": 3,
      "timeouts": 1,
    });
    const points = [...meter.instruments.values()].flatMap(({ points }) => points);
    assertEquals(meter.recorded("db.client.connection.wait_time").length, 4);
    assertEquals(meter.recorded("db.client.connection.create_time").length, 3);
    for (const { attributes } of points) {
      assertEquals(attributes as Attributes, { app: "shop", [POOL]: "tenants" });
    }
    await pool.ret(lease);
    await pool.ret(held);
    await waiting;
    void pool.shutdown({ timeout: 1 });
  });

  it("are of each key with perKey, until that is forgotten", async () => {
    const meter = new RecordingMeter();
    await using pool = tenants({ maxSizePerKey: 2 });
    await pool.use("a", () => {});
    const metrics = observeMetrics(pool, { meter, perKey: true });
    await pool.use("b", () => {});
    const lease = await pool.get("b");
    const names = meter.instruments.get("db.client.connection.wait_time")!.points;
    assertEquals(names.map(({ attributes }) => attributes?.[KEY]), ["b", "b"]);
    assertEquals(names[0]!.attributes, { [POOL]: "tenants", [KEY]: "b" });
    const first = meter.collect(KEY);
    assertEquals(
      ["max", "max a", "max b", "timeouts", "timeouts a", "pending_requests"].map((name) =>
        first[name]
      ),
      [3, 2, 2, 0, 0, 0],
    );
    await pool.ret(lease);
    await forget(pool, "b");
    const zeros = meter.collect(KEY);
    assertEquals([zeros["max b"], zeros["pending_requests b"], zeros["timeouts b"]], [0, 0, 0]);
    assertEquals(Object.keys(meter.collect(KEY)).filter((name) => name.endsWith(" b")), []);
    assertEquals(meter.callbacks.length, 1); // not one a key
    const a = insideOf(pool.pool("a")!);
    assert(a.observers.loans);
    metrics[Symbol.dispose]();
    assert(!a.observers.loans);
    assertEquals(meter.collect(KEY)["max a"], 0);
    await idle();
    assertEquals([meter.callbacks.length, meter.collect(KEY)], [0, {}]);
    await pool.use("c", () => {});
    assert(!insideOf(pool.pool("c")!).observers.loans);
  });

  for (const perKey of [true, false]) {
    it(`keep the timeouts of a key that is forgotten before a collection, perKey: ${perKey}`, async () => {
      const meter = new RecordingMeter();
      await using pool = tenants({ maxSize: 1 });
      using _metrics = observeMetrics(pool, { meter, perKey });
      const name = perKey ? "timeouts b" : "timeouts";
      await using lease = await pool.get("a");
      const late = async () => {
        await rejection(pool.get("b", { timeout: 1 }));
        await until(() => [...pool.keys()].length === 1, "b is forgotten");
      };
      await late();
      await late();
      assertEquals(meter.collect(KEY)[name], 2);
      await late();
      await pool.discard(lease);
      await pool.shutdown();
      assertEquals(meter.collect(KEY)[name], perKey ? 1 : 3);
    });
  }

  it("go on for a key that is forgotten and comes back between two collections", async () => {
    const meter = new RecordingMeter();
    await using pool = tenants({ maxSizePerKey: 2 });
    using _metrics = observeMetrics(pool, { meter, perKey: true });
    await pool.use("a", () => {});
    await forget(pool, "a");
    await pool.use("a", () => {});
    assertEquals(meter.collect(KEY)["max a"], 2);
  });

  it("add up keys that look the same, and end with the pool", async () => {
    const meter = new RecordingMeter();
    const pool = new KeyedPool((key: unknown) => ({ key }), { name: "any" });
    using _metrics = observeMetrics(pool, { meter, perKey: true });
    const keys = [Symbol("x"), Symbol("x"), null];
    const leases = [];
    for (const key of keys) leases.push(await pool.get(key));
    const used: Record<string, number> = {};
    const observe = (_: object, value: number, attributes?: Attributes) => {
      if (attributes?.["db.client.connection.state"] === "used") {
        used[String(attributes[KEY])] = value;
      }
    };
    meter.callbacks[0]!({ observe });
    assertEquals(used, { "Symbol(x)": 2, "null": 1, "undefined": 0 });
    await pool.discard(leases[0]!);
    await until(() => [...pool.keys()].length === 2, "one is forgotten");
    meter.callbacks[0]!({ observe });
    assertEquals(used, { "Symbol(x)": 1, "null": 1, "undefined": 0 });
    await pool.discard(leases[1]!);
    await pool.discard(leases[2]!);
    await pool.shutdown();
    meter.callbacks[0]!({ observe });
    assertEquals(used, { "Symbol(x)": 0, "null": 0, "undefined": 0 });
    await idle();
    assertEquals(meter.callbacks, []);
  });
});

describe("the traces of a KeyedPool", () => {
  it("tell the key, and count the time that a get waited for a place for it", async () => {
    const spans: { attributes: Attributes | undefined; startTime: number | undefined }[] = [];
    const tracer = {
      startSpan(_name: string, options?: { attributes?: Attributes; startTime?: number }) {
        spans.push({ attributes: options?.attributes, startTime: options?.startTime });
        return { setStatus() {}, recordException() {}, end() {} };
      },
    };
    using time = new Time();
    await using pool = tenants({ maxKeys: 1 });
    const traces = observeTraces(pool, { tracer, longerThan: 50 });
    const lease = await pool.get("a");
    const late = rejection(pool.get("c", { timeout: 60, label: "late" }));
    const begun = Date.now();
    const waiting = pool.get("b");
    await time.pass(60);
    await time.pass(40);
    await late;
    await pool.discard(lease);
    await pool.ret(await waiting);
    assertEquals(spans, [
      {
        attributes: {
          [POOL]: "tenants",
          [KEY]: "c",
          "proxypool.label": "late",
          "error.type": "PoolTimeoutError",
        },
        startTime: begun,
      },
      { attributes: { [POOL]: "tenants", [KEY]: "b" }, startTime: begun },
    ]);
    const b = insideOf(pool.pool("b")!);
    assert(b.seam !== undefined);
    traces[Symbol.dispose]();
    assert(b.seam === undefined);
  });
});

describe("the channels of a KeyedPool", () => {
  it("tell the key", async () => {
    const heard: unknown[] = [];
    const listen = (message: unknown) => {
      const { pool, key, waited } = message as Record<string, unknown>;
      heard.push([pool, key, typeof waited]);
    };
    const NAMES = ["tracing:proxypool:get:asyncEnd", "proxypool:ret", "proxypool:close"];
    for (const name of NAMES) diagnostics.subscribe(name, listen);
    const pool = tenants();
    await pool.use("a", () => {});
    const publishing = publish(pool);
    const again = publish(pool);
    await pool.use("a", () => {});
    await pool.use("b", () => {});
    await pool.reset("b");
    const get = (key: string) => [["tenants", key, "number"], ["tenants", key, "undefined"]];
    assertEquals(heard.splice(0), [...get("a"), ...get("b"), ["tenants", "b", "undefined"]]);
    publishing[Symbol.dispose]();
    publishing[Symbol.dispose]();
    await pool.use("a", () => {});
    assertEquals(heard.splice(0).length, 2);
    again[Symbol.dispose]();
    await pool.use("a", () => {});
    await pool.use("c", () => {});
    assertEquals(heard, []);
    for (const name of NAMES) diagnostics.unsubscribe(name, listen);
    await pool.shutdown();
  });
});

describe("the channels of a KeyedPool whose get gets no place for its key", () => {
  it("tell each once, with its failure, in the context of the call", async () => {
    const calls = new AsyncLocalStorage<string>();
    const heard: unknown[] = [];
    const listen = (message: unknown, channel: string | symbol) => {
      const { error, key, label, waited } = message as Record<string, unknown>;
      const what = String(channel).split(":").at(-1);
      heard.push([what, key, label, typeof waited, (error as Error)?.name, calls.getStore()]);
    };
    const NAMES = ["start", "end", "error", "asyncStart", "asyncEnd"]
      .map((name) => `tracing:proxypool:get:${name}`);
    for (const name of NAMES) diagnostics.subscribe(name, listen);
    const pool = tenants({ maxKeys: 1, maxWaiting: 1 });
    const lease = await pool.get("a");
    const publishing = [publish(pool), publish(pool)];
    const options = { timeout: 5, label: "x" };
    await calls.run("late", () => rejection(pool.get("b", options)));
    const waiting = rejection(pool.get("b", options));
    await calls.run("full", () => rejection(pool.get("b")));
    await waiting;
    const messages = (error: string, label: string | undefined, call: string | undefined) => [
      ["start", "b", label, "undefined", undefined, call],
      ["end", "b", label, "undefined", undefined, call],
      ["error", "b", label, "number", error, call],
      ["asyncStart", "b", label, "number", error, call],
      ["asyncEnd", "b", label, "number", error, call],
    ];
    assertEquals(heard.splice(0), [
      ...messages("PoolTimeoutError", "x", "late"),
      ...messages("PoolFullError", undefined, "full"),
      ...messages("PoolTimeoutError", "x", undefined),
    ]);
    for (const one of publishing) one[Symbol.dispose]();
    await rejection(pool.get("b", { timeout: 1 }));
    assertEquals(heard, []);
    for (const name of NAMES) diagnostics.unsubscribe(name, listen);
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("a dashboard of a KeyedPool", () => {
  it("tells how many wait for a place for a key", async () => {
    const pool = tenants({ maxKeys: 1 });
    using time = new Time();
    await time.pass(1000 - Date.now() % 1000);
    const page = await Page.open(dashboard([pool, pool]));
    const notes = async () => {
      const coming = page.next();
      await time.pass(1000);
      return (await coming)!.notes;
    };
    await page.next();
    const lease = await pool.get("a");
    const aborting = new AbortController();
    const { signal } = aborting;
    const refused = ["b", "b", "c"].map((key) => rejection(pool.get(key, { signal })));
    assertEquals(await notes(), ["tenants: 3 borrowers wait for a place for a key (maxKeys)"]);
    aborting.abort();
    await Promise.all(refused);
    assertEquals(await notes(), []);
    await pool.ret(lease);
    await page.close();
    await time.pass(10_000);
    await pool.shutdown();
  });

  it("shows the pool of each key that is there", async () => {
    await using pool = tenants();
    using time = new Time();
    await time.pass(1000 - Date.now() % 1000);
    for (const key of ["a", "b"]) await pool.use(key, () => {});
    for (const shown of [pool, [pool], () => pool, () => [undefined, pool]]) {
      const page = await Page.open(dashboard(shown));
      const names = async () => (await page.next())!.pools.map(({ name }) => name);
      assertEquals(await names(), ['tenants["a"]', 'tenants["b"]']);
      await page.close();
    }
    const page = await Page.open(dashboard(pool));
    await page.next();
    await pool.reset("a");
    const lease = await pool.get("c");
    const coming = page.next();
    await time.pass(1000);
    const { pools } = (await coming)!;
    assertEquals(pools.map(({ name }) => name), ['tenants["b"]', 'tenants["c"]']);
    await pool.ret(lease);
    await page.close();
    await time.pass(10_000);
  });
});

describe("a KeyedPool whose get is refused before it waits", () => {
  it("counts that, and tells observers, as a pool does", async () => {
    const pool = tenants();
    const heard: unknown[] = [];
    pool.observe({ refused: ({ key, label, reason }) => heard.push([key, label, reason]) });
    const aborted = { signal: AbortSignal.abort("no"), label: "x" };
    assertEquals(await rejection(pool.get("new", aborted)), "no");
    assertEquals([...pool.keys()], []);
    await pool.use("known", () => {});
    assertEquals(await rejection(pool.get("known", aborted)), "no");
    await pool.shutdown();
    assertInstanceOf(await rejection(pool.get("late")), PoolClosedError);
    assertEquals(heard, [
      ["new", "x", "aborted"],
      ["known", "x", "aborted"],
      ["late", undefined, "closed"],
    ]);
    const stats = pool.stats();
    assertEquals([stats.aborted, stats.rejected], [2, 1]);
  });
});

describe("a KeyedPool whose get is refused while it waits for a place for its key", () => {
  it("counts that, and tells observers, whose failures are logged", async () => {
    const logger = new Recorder();
    await using pool = tenants({ maxKeys: 1, logger });
    const heard: unknown[] = [];
    pool.observe({
      refused: ({ key, label, reason, waited }) => heard.push([key, label, reason, typeof waited]),
    });
    pool.observe({
      refused() {
        throw new Error("no");
      },
    });
    const lease = await pool.get("a");
    const aborting = new AbortController();
    const aborted = rejection(pool.get("b", { signal: aborting.signal, label: "x" }));
    aborting.abort("no longer");
    assertEquals(await aborted, "no longer");
    await rejection(pool.get("c", { timeout: 1 }));
    const closed = rejection(pool.get("d"));
    const ended = pool.shutdown({ timeout: 1 });
    await closed;
    assertEquals(heard, [
      ["b", "x", "aborted", "number"],
      ["c", undefined, "timeout", "number"],
      ["d", undefined, "closed", "number"],
    ]);
    assertEquals(
      logger.lines.filter((line) => line.includes("observer failed")),
      Array(3).fill("warn tenants: an observer failed in refused: Error: no"),
    );
    const { aborted: given, rejected, timeouts } = pool.stats();
    assertEquals([given, rejected, timeouts], [1, 1, 1]);
    await ended;
    void lease;
  });
});

describe("the picture of a KeyedPool", () => {
  it("is short on a console, and whole as JSON", async () => {
    await using pool = tenants({ maxSize: 1, maxKeys: 2 });
    const lease = await pool.get("a");
    const waiting = [pool.get("b"), pool.get("c")].map((get) => get.catch(() => {}));
    for (const name of ["nodejs.util.inspect.custom", "Deno.customInspect"]) {
      const inspect = (pool: object | undefined) =>
        (pool as Record<symbol, () => string>)[Symbol.for(name)]!();
      assertEquals(
        inspect(pool),
        "KeyedPool tenants { keys: 2, size: 1, available: 0, using: 1, creating: 0, requesting: 1, waiting: 2, waitingForKey: 1 }",
      );
      assertEquals(
        inspect(pool.pool("b")),
        'Pool tenants["b"] { size: 1, available: 0, using: 0, creating: 0, requesting: 1, waiting: 1 }',
      );
    }
    assertEquals(JSON.parse(String(pool)).requesting, 1);
    await pool.ret(lease);
    void pool.shutdown({ timeout: 1 });
    await Promise.all(waiting);
  });
});

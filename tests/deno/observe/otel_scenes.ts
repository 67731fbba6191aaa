// What the SDK of OpenTelemetry makes of a pool, on any runtime: each scene throws if that is wrong.

import { context, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import {
  AggregationTemporality,
  DataPointType,
  type Histogram,
  InMemoryMetricExporter,
  MeterProvider,
  type MetricData,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import * as conventions from "@opentelemetry/semantic-conventions/incubating";
import { assert, assertEquals } from "@std/assert";
// @ts-types="@types/pg"
import pg from "pg";
import { pgPool } from "../../../adapters/pg.ts";
import { Pool, PoolTimeoutError, Proxy } from "../../../mod.ts";
import { observeMetrics, observeTraces } from "../../../observe/otel.ts";
import { versatile } from "../../../scopes/mod.ts";
import { sleep, until } from "../../helpers/until.ts";
import { Scraped } from "./scraped.ts";

const POOL = conventions.ATTR_DB_CLIENT_CONNECTION_POOL_NAME;
const STATE = conventions.ATTR_DB_CLIENT_CONNECTION_STATE;

/** What a point says, by the metric's name and by its state. */
type Points = Map<string, unknown>;

/** A meter of the SDK, which is collected when asked. */
class Metered {
  readonly #exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  readonly #reader = new PeriodicExportingMetricReader({
    exporter: this.#exporter,
    exportIntervalMillis: 1_000_000,
    exportTimeoutMillis: 10_000,
  });
  readonly #provider = new MeterProvider({ readers: [this.#reader] });
  readonly meter = this.#provider.getMeter("test");

  async collect(): Promise<MetricData[]> {
    this.#exporter.reset();
    await this.#reader.forceFlush();
    return this.#exporter.getMetrics().flatMap(({ scopeMetrics }) =>
      scopeMetrics.flatMap(({ metrics }) => metrics)
    );
  }

  /** The last points of a pool. */
  async points(pool: string): Promise<Points> {
    const points: Points = new Map();
    for (const { dataPoints, descriptor } of await this.collect()) {
      for (const { attributes, value } of dataPoints) {
        if (attributes[POOL] !== pool) continue;
        const state = attributes[STATE];
        const name = descriptor.name.replace("db.client.connection.", "");
        points.set(state === undefined ? name : `${name} ${state}`, value);
      }
    }
    return points;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#provider.shutdown();
  }
}

/** One is idle, one in use, one is being made, one closed; one waits, and one was late. */
async function busyPool(name: string, observe: (pool: Pool<object>) => Disposable) {
  const closing = Promise.withResolvers<void>();
  const making = Promise.withResolvers<object>();
  const pool = new Pool<object>((n) => n < 3 ? { n } : making.promise, {
    name,
    maxSize: 4,
    minSize: 3,
    closer: () => closing.promise,
    logLevel: "silent",
  });
  const observing = observe(pool);
  await pool.ready();
  const [lease, gone, idle] = [await pool.get(), await pool.get(), await pool.get()];
  const late = pool.get({ timeout: 20 }).catch((error) => error);
  assert(await late instanceof PoolTimeoutError);
  void pool.discard(gone);
  await sleep(30);
  await pool.ret(idle);
  await until(() => pool.creating === 1 && pool.stats().closing === 1, "the pool is busy");
  return {
    pool,
    observing,
    /** All is at rest, and shut down. */
    async end() {
      making.resolve({});
      closing.resolve();
      await pool.ret(lease);
      await pool.shutdown();
    },
  };
}

/** The nine, with what the conventions' own package says of them. */
const NINE: Record<string, object> = {
  [conventions.METRIC_DB_CLIENT_CONNECTION_COUNT]: sum("{connection}", false),
  [conventions.METRIC_DB_CLIENT_CONNECTION_IDLE_MAX]: sum("{connection}", false),
  [conventions.METRIC_DB_CLIENT_CONNECTION_IDLE_MIN]: sum("{connection}", false),
  [conventions.METRIC_DB_CLIENT_CONNECTION_MAX]: sum("{connection}", false),
  [conventions.METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS]: sum("{request}", false),
  [conventions.METRIC_DB_CLIENT_CONNECTION_TIMEOUTS]: sum("{timeout}", true),
  [conventions.METRIC_DB_CLIENT_CONNECTION_CREATE_TIME]: histogram(),
  [conventions.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME]: histogram(),
  [conventions.METRIC_DB_CLIENT_CONNECTION_USE_TIME]: histogram(),
};

function sum(unit: string, monotonic: boolean) {
  return { type: DataPointType.SUM, unit, monotonic };
}

function histogram() {
  return { type: DataPointType.HISTOGRAM, unit: "s" };
}

/** By what they show. */
export const SCENES: Record<string, () => Promise<void>> = {
  async "a collection has the nine metrics of the conventions"() {
    await using metered = new Metered();
    const attributes = { "server.address": "db.example.com" };
    const { meter } = metered;
    const busy = await busyPool("nine", (pool) => observeMetrics(pool, { meter, attributes }));
    const metrics = await metered.collect();
    const seen = metrics.map((metric) => {
      const { dataPointType: type, descriptor: { name, unit } } = metric;
      const monotonic = metric.dataPointType === DataPointType.SUM ? metric.isMonotonic : undefined;
      return [name, { type, unit, ...(monotonic === undefined ? {} : { monotonic }) }] as const;
    });
    assertEquals(Object.fromEntries(seen), NINE);
    for (const { dataPoints, descriptor } of metrics) {
      assert(descriptor.description.endsWith("."), descriptor.description);
      for (const { attributes: { [STATE]: _state, ...rest } } of dataPoints) {
        assertEquals(rest, { "server.address": "db.example.com", [POOL]: "nine" });
      }
    }
    await busy.end();
  },

  async "its values are those of the pool"() {
    await using metered = new Metered();
    const { meter } = metered;
    const busy = await busyPool("values", (pool) => observeMetrics(pool, { meter }));
    const points = await metered.points("values");
    const histograms = ["create_time", "wait_time", "use_time"].map((name) => {
      const value = points.get(name) as Histogram;
      points.delete(name);
      return value;
    });
    assertEquals(Object.fromEntries(points), {
      "count idle": 1,
      "count used": 1,
      "count creating": 1,
      "count closing": 1,
      "pending_requests": 0,
      "timeouts": 1,
      "idle.min": 3,
      "idle.max": 4,
      "max": 4,
    });
    const [create, wait, use] = histograms as [Histogram, Histogram, Histogram];
    assertEquals([create.count, wait.count, use.count], [3, 3, 2]);
    // Two were held from before a wait of 20 ms on, one of them for 30 ms more.
    assert(use.sum! >= 0.065 && use.sum! < 10, `${use.sum} s`);
    assertEquals(use.buckets.boundaries, [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]);
    assert(wait.sum! < 1, `${wait.sum} s`);
    await busy.end();
  },

  async "a pool that has been shut down ends with zeros, and the others go on"() {
    await using metered = new Metered();
    const { meter } = metered;
    const busy = await busyPool("ends", (pool) => observeMetrics(pool, { meter }));
    await using other = new Pool(() => ({}), { name: "stays", maxSize: 7, minSize: 1 });
    using _metrics = observeMetrics(other, { meter });
    await other.ready();
    assertEquals((await metered.points("ends")).get("count used"), 1);
    await busy.end();
    for (let collection = 0; collection < 3; collection++) {
      const ends = await metered.points("ends");
      const counts = [...ends].filter(([name]) => name.startsWith("count"));
      assertEquals(counts.map(([, value]) => value), [0, 0, 0, 0]);
      assertEquals([ends.get("max"), ends.get("timeouts")], [0, 1]);
      const stays = await metered.points("stays");
      assertEquals([stays.get("max"), stays.get("count idle")], [7, 1]);
    }
  },

  async "the pool of a proxy and that of pgPool are pools"() {
    await using metered = new Metered();
    const { meter } = metered;
    const db = new Proxy<object>({ fun: () => ({}), maxSize: 2, name: "of a proxy" });
    await versatile.run(() => db._getObj()); // from its first use on
    const clients = pgPool(pg, { maxSize: 3, name: "of pg" });
    observeMetrics(db._pool!, { meter });
    observeMetrics(clients.pool, { meter });
    assertEquals((await metered.points("of a proxy")).get("max"), 2);
    assertEquals((await metered.points("of pg")).get("max"), 3);
    await clients.end();
  },

  async "Prometheus scrapes it"() {
    await using scraped = await Scraped.start();
    const { meter } = scraped;
    const busy = await busyPool("scraped", (pool) => observeMetrics(pool, { meter }));
    const lines = (await scraped.scrape()).split("\n");
    const valueOf = (name: string, labels = "") => {
      const found = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
      assertEquals(found.length, 1, `${name} ${labels}: ${found}`);
      assert(found[0]!.includes('db_client_connection_pool_name="scraped"'), found[0]);
      return Number(found[0]!.split(" ").at(-1));
    };
    const state = (name: string) => `db_client_connection_state="${name}"`;
    for (const name of ["idle", "used", "creating", "closing"]) {
      assertEquals(valueOf("db_client_connection_count", state(name)), 1);
    }
    assertEquals(valueOf("db_client_connection_max"), 4);
    assertEquals(valueOf("db_client_connection_timeouts_total"), 1);
    assertEquals(valueOf("db_client_connection_use_time_count"), 2);
    assertEquals(valueOf("db_client_connection_use_time_bucket", 'le="+Inf"'), 2);
    await busy.end();
  },

  async "a get that waited has a span, a child of its caller's"() {
    const exporter = new InMemorySpanExporter();
    const provider = new TracerProvider({
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const tracer = provider.getTracer("test");
    await using pool = new Pool(() => ({}), { name: "traced", maxSize: 1, logLevel: "silent" });
    using _traces = observeTraces(pool, { tracer, longerThan: 20 });
    const lease = await pool.get();
    const request = (name: string, run: () => Promise<unknown>) => {
      const span = tracer.startSpan(name);
      return context.with(trace.setSpan(context.active(), span), run).finally(() => span.end());
    };
    const begun = Date.now();
    const asked = [
      request("served", () => pool.use(() => {}, { label: "orders" })),
      request("refused", () => pool.get({ timeout: 30 }).catch(() => {})),
    ];
    await sleep(60);
    const ended = Date.now();
    await pool.ret(lease);
    await Promise.all(asked);
    await request("at once", () => pool.use(() => {}));
    const spans = exporter.getFinishedSpans();
    const parents = new Map(spans.map((span) => [span.spanContext().spanId, span.name]));
    const gets = spans.filter(({ name }) => name === "proxypool.get");
    assertEquals(gets.map(({ parentSpanContext }) => parents.get(parentSpanContext!.spanId)), [
      "refused",
      "served",
    ]);
    const [refused, served] = gets;
    assertEquals(served!.attributes, { [POOL]: "traced", "proxypool.label": "orders" });
    assertEquals(served!.status.code, 0);
    assertEquals(refused!.attributes, { [POOL]: "traced", "error.type": "PoolTimeoutError" });
    assertEquals(refused!.status.code, 2);
    assertEquals(refused!.events.map(({ name }) => name), ["exception"]);
    const ms = ([seconds, nanos]: [number, number]) => seconds * 1e3 + nanos / 1e6;
    for (const [{ duration, startTime }, least] of [[served!, 55], [refused!, 25]] as const) {
      assert(ms(startTime) >= begun - 2 && ms(startTime) <= ended, `${startTime}, ${begun}`);
      assert(ms(duration) >= least, `${duration}`);
    }
    assert(ms(served!.endTime) >= ended - 2);
    await provider.shutdown();
    context.disable();
  },
};

// Observed: what observers add to getting an object and giving it back; the limit is the same without.

import { Pool } from "../mod.ts";
import { publish } from "../observe/channels.ts";
import { dashboard } from "../observe/dashboard.ts";
import { type Meter, observeMetrics, observeTraces, type Tracer } from "../observe/otel.ts";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "./competitor.ts";
import { measure } from "./measure.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

/** Its instruments do nothing: what those of an SDK do is no affair of the pool. */
const METER: Meter = {
  createHistogram: () => ({ record() {} }),
  createObservableCounter: () => ({}),
  createObservableUpDownCounter: () => ({}),
  addBatchObservableCallback() {},
  removeBatchObservableCallback() {},
};

/** Nobody waits for as long as that. */
const TRACER: Tracer = {
  startSpan() {
    throw new Error("nobody is to wait");
  },
};

const OBSERVERS: Record<string, { most: number; attach(pool: Pool<Thing>): unknown }> = {
  "metrics": { most: 300, attach: (pool) => observeMetrics(pool, { meter: METER }) },
  "traces": {
    most: 1_000,
    attach: (pool) => observeTraces(pool, { tracer: TRACER, longerThan: 60_000 }),
  },
  "channels, nobody subscribed": { most: 30, attach: publish },
  "dashboard, one page open": { most: 300, attach: (pool) => void openPage(pool) },
  "metrics and dashboard": {
    most: 300,
    attach(pool) {
      observeMetrics(pool, { meter: METER });
      void openPage(pool);
    },
  },
};

/** Reads the events as a page does, which asks again when they end. */
async function openPage(pool: Pool<Thing>): Promise<void> {
  const show = dashboard(pool);
  for (;;) {
    const { body } = await show(new Request("http://localhost/?events="));
    const reader = body!.getReader();
    while (!(await reader.read()).done);
  }
}

/** Nobody waits. */
export async function* observed(): AsyncGenerator<Row> {
  for (const [name, { attach, most }] of Object.entries(OBSERVERS)) {
    const [limit, ours] = [await bare(() => {}), await bare(attach)];
    const runners = [{ name: "limit", run: limit.turns }, { name: "ours", run: ours.turns }];
    const values = await measure(runners, { samples: 100, span: 5 });
    yield { work: `get, call, dispose, with ${name}`, unit: "ns", values, target: { over: most } };
  }
}

function bare(attach: (pool: Pool<Thing>) => unknown): Promise<Competitor> {
  const pool = new Pool(() => new Thing(), { maxSize: OBJECTS, timeout: TIMEOUT });
  attach(pool);
  const turns = async (times: number) => {
    for (; times > 0; times--) {
      const thing = await pool.get();
      thing.touch();
      await thing[Symbol.asyncDispose]();
    }
  };
  return warmedUp({
    get: () => pool.get(),
    ret: (thing) => pool.ret(thing as Awaited<ReturnType<typeof pool.get>>),
    turns,
    task: () => turns(2),
  });
}

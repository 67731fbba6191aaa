// The spans of a pool's gets, by a tracer that remembers.

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { observeTraces, type Span, type SpanOptions, type Tracer } from "../observe/otel.ts";
import { rejection, Time } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** A span, and what was active when it was made. */
interface Seen {
  name: string;
  options: SpanOptions | undefined;
  active: string | undefined;
  status?: object;
  exception?: unknown;
  end?: number | undefined;
}

class RecordingTracer implements Tracer {
  readonly spans: Seen[] = [];
  readonly #active: AsyncLocalStorage<string> | undefined;

  constructor(active?: AsyncLocalStorage<string>) {
    this.#active = active;
  }

  startSpan(name: string, options?: SpanOptions): Span {
    const span: Seen = { name, options, active: this.#active?.getStore() };
    this.spans.push(span);
    return {
      setStatus: (status) => span.status = status,
      recordException: (error) => span.exception = error,
      end: (time) => span.end = time,
    };
  }
}

const POOL = "db.client.connection.pool.name";

describe("the traces of a pool", () => {
  it("have a span for each get that waited for longer, from its beginning to its end", async () => {
    const active = new AsyncLocalStorage<string>();
    const tracer = new RecordingTracer(active);
    await using pool = new TestPool(() => ({}), { name: "orders", maxSize: 1 });
    using _traces = observeTraces(pool, { tracer, longerThan: 100 });
    using time = new Time();
    const lease = await pool.get();
    const asked = [
      active.run("request A", () => pool.get({ label: "late" })),
      active.run("request B", () => pool.use(() => active.getStore())),
    ] as const;
    await time.pass(100);
    const quick = active.run("request C", () => pool.borrow({ priority: 1 }));
    const begun = Date.now() - 100;
    await time.pass(50);
    await pool.ret(lease);
    await (await quick).release();
    await pool.ret(await asked[0]);
    assertEquals(await asked[1], "request B");
    assertEquals(tracer.spans, [
      {
        name: "proxypool.get",
        options: { attributes: { [POOL]: "orders", "proxypool.label": "late" }, startTime: begun },
        active: "request A",
        end: begun + 150,
      },
      {
        name: "proxypool.get",
        options: { attributes: { [POOL]: "orders" }, startTime: begun },
        active: "request B",
        end: begun + 150,
      },
    ]);
  });

  it("say of one that was refused why, and the caller hears it as ever", async () => {
    const tracer = new RecordingTracer();
    await using pool = new TestPool(() => ({}), { maxSize: 1 });
    using _traces = observeTraces(pool, { tracer, longerThan: 0 });
    using time = new Time();
    await using _lease = await pool.get();
    const late = rejection(pool.get({ timeout: 30 }));
    await time.pass(30);
    const error = await late as Error;
    const [span] = tracer.spans;
    assertEquals(span!.options!.attributes!["error.type"], "PoolTimeoutError");
    assertEquals(span!.exception, error);
    assertEquals(span!.status, { code: 2, message: `${error.name}: ${error.message}` });
    const abort = new AbortController();
    const aborted = rejection(pool.get({ signal: abort.signal }));
    await time.pass(30);
    abort.abort("enough");
    assertEquals(await aborted, "enough");
    assertEquals(tracer.spans[1]!.options!.attributes!["error.type"], "string");
    assertEquals(tracer.spans[1]!.exception, "enough");
  });

  it("end when they are disposed of", async () => {
    const [a, b] = [new RecordingTracer(), new RecordingTracer()];
    await using pool = new TestPool(() => ({}), { maxSize: 1 });
    const traces = [a, b].map((tracer) => observeTraces(pool, { tracer, longerThan: 0 }));
    using time = new Time();
    const wait = async () => {
      const lease = await pool.get();
      const waiting = pool.use(() => {});
      await time.pass(10);
      await pool.ret(lease);
      await waiting;
    };
    await wait();
    traces[0]![Symbol.dispose]();
    traces[0]![Symbol.dispose]();
    await wait();
    traces[1]![Symbol.dispose]();
    await wait();
    assertEquals([a.spans.length, b.spans.length], [1, 2]);
  });

  it("leave the pool as it is if the tracer fails, and that is logged", async () => {
    await using pool = new TestPool(() => ({}), { name: "p", maxSize: 1 });
    const tracer: Tracer = {
      startSpan() {
        throw new Error("no span");
      },
    };
    using _traces = observeTraces(pool, { tracer, longerThan: 0 });
    using time = new Time();
    const lease = await pool.get();
    const waiting = pool.use(() => "used");
    await time.pass(10);
    await pool.ret(lease);
    assertEquals(await waiting, "used");
    assertEquals(pool.lines, ["warn p: the tracer of observeTraces failed: Error: no span"]);
  });

  it("end a span whose methods fail", async () => {
    let ended = 0;
    const fail = () => {
      throw new Error("no");
    };
    for (const own of [{ recordException: fail }, { setStatus: fail }]) {
      await using pool = new TestPool(() => ({}), { name: "p", maxSize: 1 });
      const span = { setStatus() {}, recordException() {}, end: () => void ended++, ...own };
      using _traces = observeTraces(pool, { tracer: { startSpan: () => span }, longerThan: 5 });
      using time = new Time();
      const lease = await pool.get();
      const aborting = new AbortController();
      const refused = rejection(pool.get({ signal: aborting.signal }));
      await time.pass(10);
      aborting.abort("no longer");
      assertEquals(await refused, "no longer");
      assertEquals(pool.lines, ["warn p: the tracer of observeTraces failed: Error: no"]);
      await pool.ret(lease);
    }
    assertEquals(ended, 2);
  });
});

describe("observeTraces", () => {
  it("refuses what is no pool, no tracer or no time", () => {
    const pool = new TestPool(() => ({}));
    const tracer = new RecordingTracer();
    const wrong: [unknown, unknown, string][] = [
      [1, { tracer, longerThan: 1 }, "a Pool is needed, got 1: pass what new Pool() returned"],
      [pool, null, "observeTraces: options must be an object, got null"],
      [pool, { longerThan: 1 }, "observeTraces: tracer must have startSpan(), got undefined: "],
      [pool, { tracer }, "observeTraces: longerThan must be a number, in ms, got undefined"],
      [pool, { tracer, longerThan: -1 }, "observeTraces: longerThan must be 0 or more, in ms, got"],
      [pool, { tracer, longerThan: NaN }, "observeTraces: longerThan must be 0 or more, in ms, "],
      [pool, { tracer, longer: 1 }, 'observeTraces: unknown option "longer": '],
    ];
    for (const [target, options, said] of wrong) {
      const attach = () =>
        observeTraces(target as typeof pool, options as { tracer: Tracer; longerThan: number });
      const { message } = assertThrows(attach, Error);
      assert(message.startsWith(said), message);
    }
  });
});

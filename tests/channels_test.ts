// The channels of a pool, with real subscribers.

import { AsyncLocalStorage } from "node:async_hooks";
import * as diagnostics from "node:diagnostics_channel";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type CloseMessage,
  type CreateMessage,
  type GetMessage,
  publish,
  type RetMessage,
} from "../observe/channels.ts";
import { observeTraces } from "../observe/otel.ts";
import { rejection, Thing, Time } from "./helpers/pool.ts";
import { collect } from "./helpers/gc.ts";
import { TestPool } from "./helpers/test_pool.ts";

type Message = Partial<GetMessage & CreateMessage & RetMessage & CloseMessage>;

/** What was published: the channel, the context in which that was, and the message as it was then. */
type Heard = [channel: string, context: string | undefined, message: Message];

const PARTS = ["start", "end", "asyncStart", "asyncEnd", "error"] as const;

/** Subscribes to these channels, and hears in which context each message comes. */
class Subscriber implements Disposable {
  readonly context = new AsyncLocalStorage<string>();
  readonly heard: Heard[] = [];
  readonly #names: string[];
  readonly #listeners = new Map<string, (message: unknown) => void>();

  constructor(...names: ("get" | "create" | "ret" | "close")[]) {
    this.#names = names.flatMap((name) =>
      name === "ret" || name === "close"
        ? [`proxypool:${name}`]
        : PARTS.map((part) => `tracing:proxypool:${name}:${part}`)
    );
    for (const name of this.#names) {
      const listener = (message: unknown) => {
        const { object } = message as Message;
        const seen = { ...message as Message, ...(object === undefined ? {} : { object }) };
        this.heard.push([
          name.replace(/^(tracing:)?proxypool:/, ""),
          this.context.getStore(),
          seen,
        ]);
      };
      this.#listeners.set(name, listener);
      diagnostics.subscribe(name, listener);
    }
  }

  take(): Heard[] {
    return this.heard.splice(0);
  }

  [Symbol.dispose](): void {
    for (const [name, listener] of this.#listeners) diagnostics.unsubscribe(name, listener);
  }
}

function things(name = "things"): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { name, maxSize: 1, tracer: ({ id }) => `thing ${id}` });
}

/** In a frame of its own, so that nothing on the stack holds the lease. */
async function lose(pool: TestPool<Thing>): Promise<void> {
  await pool.get();
}

describe("the channels of a pool", () => {
  it("tell of a get in the context of its caller, also if that waited", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using time = new Time();
    using subscriber = new Subscriber("get");
    const { context } = subscriber;
    const lease = await context.run("A", () => pool.get({ label: "first" }));
    const pool_ = "things";
    const object = "#0 thing 0";
    assertEquals(subscriber.take(), [
      ["get:start", "A", { pool: pool_, label: "first" }],
      ["get:end", "A", { pool: pool_, label: "first" }],
      ["get:asyncStart", "A", { pool: pool_, label: "first", waited: 0, object }],
      ["get:asyncEnd", "A", { pool: pool_, label: "first", waited: 0, object }],
    ]);
    const used = context.run("B", () =>
      pool.use(() => {
        subscriber.heard.push(["callback", context.getStore(), {}]);
      }));
    await time.pass(25);
    await context.run("A", () => pool.ret(lease));
    await used;
    assertEquals(subscriber.take(), [
      ["get:start", "B", { pool: pool_ }],
      ["get:end", "B", { pool: pool_ }],
      ["get:asyncStart", "B", { pool: pool_, waited: 25, object }],
      ["get:asyncEnd", "B", { pool: pool_, waited: 25, object }],
      ["callback", "B", {}],
    ]);
  });

  it("tell of each way to get an object that is there", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    await pool.use(() => {});
    using subscriber = new Subscriber("get");
    await pool.ret(await pool.get());
    await pool.ret(await pool.get({ priority: 1 }));
    await (await pool.borrow()).release();
    await pool.use(() => {});
    const ended = subscriber.take().filter(([name]) => name === "get:asyncEnd");
    assertEquals(ended.map(([, , { object }]) => object), Array(4).fill("#0 thing 0"));
  });

  it("tell of a get that fails, and the caller hears it as ever", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using subscriber = new Subscriber("get");
    const refused = pool.get({ signal: AbortSignal.abort("no") });
    assertEquals(await rejection(refused), "no");
    const names = subscriber.heard.map(([name]) => name);
    assertEquals(names, ["get:start", "get:end", "get:error", "get:asyncStart", "get:asyncEnd"]);
    assertEquals(subscriber.heard[2]![2].error, "no");
  });

  it("leave it to the pool to refuse options that are none", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using subscriber = new Subscriber("get");
    const failing = {
      get label(): string {
        throw new RangeError("no label");
      },
    };
    assertEquals((await rejection(pool.get(failing)) as Error).message, "no label");
    assertEquals((await rejection(pool.get(5 as never)) as Error).name, "TypeError");
    const failed = subscriber.take().filter(([name]) => name === "get:error");
    assertEquals(failed.map(([, , { error }]) => (error as Error).name), [
      "RangeError",
      "TypeError",
    ]);
  });

  it("tell of a tryGet, which has no asynchronous part", async () => {
    const pool = things();
    using _publishing = publish(pool);
    using subscriber = new Subscriber("get");
    assertEquals(pool.tryGet(), undefined);
    pool.resize({ minSize: 1 });
    await pool.ready();
    await pool.ret(pool.tryGet()!);
    const seen = subscriber.take().map(([name, , { object }]) => [name, object]);
    assertEquals(seen, [
      ["get:start", undefined],
      ["get:end", undefined],
      ["get:start", undefined],
      ["get:end", "#0 thing 0"],
    ]);
    await pool.shutdown();
    const thrown = assertThrows(() => pool.tryGet());
    const errors = subscriber.take().filter(([name]) => name === "get:error");
    assertEquals(errors.map(([, , { error }]) => error), [thrown]);
  });

  it("tell of each attempt to make an object, in nobody's context", async () => {
    await using pool = new TestPool((n) => {
      if (n === 0) throw new RangeError("no");
      return new Thing(n);
    }, { name: "things", maxSize: 1 });
    using _publishing = publish(pool);
    using subscriber = new Subscriber("create");
    await subscriber.context.run("A", async () => {
      await rejection(pool.get());
      await pool.use(() => {});
    });
    const seen = subscriber.take().map(([name, context, { pool, n, error, duration }]) =>
      [name, context, pool, n, (error as Error)?.name, typeof duration].join()
    );
    assertEquals(seen, [
      "create:start,,things,0,,undefined",
      "create:end,,things,0,,undefined",
      "create:error,,things,0,RangeError,number",
      "create:asyncStart,,things,0,RangeError,number",
      "create:asyncEnd,,things,0,RangeError,number",
      "create:start,,things,1,,undefined",
      "create:end,,things,1,,undefined",
      "create:asyncStart,,things,1,,number",
      "create:asyncEnd,,things,1,,number",
    ]);
  });

  it("tell of what comes back and of what is closed, each in the context in which that is", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using time = new Time();
    using subscriber = new Subscriber("ret", "close");
    const lease = await pool.get({ label: "mine" });
    await time.pass(40);
    await subscriber.context.run("C", () => pool.discard(lease));
    assertEquals(subscriber.take(), [
      ["ret", "C", {
        pool: "things",
        label: "mine",
        object: "#0 thing 0",
        held: 40,
        end: "discarded",
      }],
      ["close", "C", { pool: "things", n: 0, age: 40, uses: 1, reason: "discarded" }],
    ]);
  });

  it("are heard by who subscribes at any time, and no longer than that", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using time = new Time();
    const lease = await pool.get();
    await time.pass(10);
    {
      using subscriber = new Subscriber("ret");
      await pool.ret(lease);
      await pool.use(() => time.pass(30));
      const held = subscriber.take().map(([name, , { held }]) => [name, held]);
      assertEquals(held, [["ret", 0], ["ret", 30]], "of what was lent before, since then");
    }
    const gone = new Subscriber("get", "ret", "close", "create");
    gone[Symbol.dispose]();
    await pool.use(() => {});
    assertEquals(gone.heard, []);
    assertEquals(pool.stats().objects.available[0]!.idle, null, "no time is kept for nobody");
  });

  it("carry the stores that are bound to them, as a tracer does", async () => {
    const span = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    await using pool = new TestPool(async (n) => {
      await null;
      seen.push(span.getStore());
      return new Thing(n);
    }, { maxSize: 1 });
    using _publishing = publish(pool);
    using _subscriber = new Subscriber("create"); // Workers do not tell of a store alone
    const channel = diagnostics.channel("tracing:proxypool:create:start");
    channel.bindStore(span, (message) => `span of #${(message as CreateMessage).n}`);
    try {
      await span.run("request", () => pool.use(() => void seen.push(span.getStore())));
    } finally {
      channel.unbindStore(span);
    }
    assertEquals(seen, ["span of #0", "request"]);
  });

  it("know for how long an object was held, also beside traces", async () => {
    await using pool = things();
    const tracer = { startSpan: () => assert(false) as never };
    using _traces = observeTraces(pool, { tracer, longerThan: 60_000 });
    using _publishing = publish(pool);
    using time = new Time();
    await pool.use(() => {});
    const held = ({ heard }: Subscriber) => heard.map(([, , { held }]) => held);
    {
      using subscriber = new Subscriber("ret");
      await pool.use(() => time.pass(30));
      assertEquals(held(subscriber), [30]);
    }
    const lease = await pool.get();
    using subscriber = new Subscriber("ret");
    await pool.ret(lease);
    assertEquals(held(subscriber), [0], "of what was lent before, since then");
  });

  it("are one publisher for each pool, and end with the last one who asked for it", async () => {
    await using pool = things("a");
    await using other = things("b");
    const publishing = [publish(pool), publish(pool), publish(other)];
    using subscriber = new Subscriber("ret");
    const used = async () => {
      await pool.use(() => {});
      await other.use(() => {});
      return subscriber.take().map(([, , { pool }]) => pool).join();
    };
    assertEquals(await used(), "a,b");
    publishing[0]![Symbol.dispose]();
    publishing[0]![Symbol.dispose]();
    assertEquals(await used(), "a,b");
    publishing[1]![Symbol.dispose]();
    assertEquals(await used(), "b");
    publishing[2]![Symbol.dispose]();
    assertEquals(await used(), "");
  });

  it("keep no lease from being collected, so that a lost one is noticed", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    using subscriber = new Subscriber("get");
    const kept: unknown[] = [];
    const keep = (message: unknown) => void kept.push(message);
    diagnostics.subscribe("tracing:proxypool:get:asyncEnd", keep);
    await lose(pool);
    const next = pool.get({ timeout: 10_000 });
    const end = performance.now() + 10_000;
    while (pool.waiting > 0 && performance.now() < end) await collect(2);
    await pool.ret(await next);
    assertEquals(pool.stats().leaked, 1);
    diagnostics.unsubscribe("tracing:proxypool:get:asyncEnd", keep);
    assert(kept.length > 0 && subscriber.heard.length > 0);
  });
});

describe("publish", () => {
  it("changes nothing where there are no channels, or nobody has subscribed", async () => {
    await using pool = things();
    using _publishing = publish(pool);
    assertEquals(await pool.use(({ id }) => id), 0);
    assertEquals(await rejection(pool.get({ signal: AbortSignal.abort("no") })), "no");
    assertEquals(pool.tryGet()?.id, 0);
    assertEquals(pool.lines, []);
  });

  it("refuses what is no pool", () => {
    assertThrows(() => publish({} as TestPool<object>), TypeError, "a Pool is needed, got an obj");
  });
});

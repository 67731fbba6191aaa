// Observers: many at a time, coming and going, failing, and in nobody's context.

import { AsyncLocalStorage } from "node:async_hooks";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { LentEvent, PoolOptions } from "../mod.ts";
import { deferred, idle, rejection, Thing } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";
import { Witness } from "./helpers/witness.ts";

function things(options: PoolOptions<Thing> = {}): TestPool<Thing> {
  return new TestPool((n) => new Thing(n), { maxSize: 1, ...options });
}

describe("several observers", () => {
  it("hear it all, each by the methods that it has, as its methods", async () => {
    await using pool = things();
    const witness = new Witness();
    class Counter {
      #n = 0;
      lent(): void {
        this.#n++;
      }
      get n(): number {
        return this.#n;
      }
    }
    const counter = new Counter();
    const observing = [pool.observe(counter), pool.observe(witness), pool.observe(counter)];
    await pool.use(() => {});
    assertEquals([counter.n, witness.count("lent")], [2, 1]);
    observing[0]![Symbol.dispose]();
    observing[0]![Symbol.dispose](); // once is enough, and takes no other's place
    await pool.use(() => {});
    assertEquals([counter.n, witness.count("lent")], [3, 2]);
    for (const one of observing) one[Symbol.dispose]();
    await pool.use(() => {});
    assertEquals([counter.n, witness.count("lent")], [3, 2]);
  });

  it("one that comes or goes while they are told changes nothing for the others", async () => {
    await using pool = things();
    const heard: string[] = [];
    const first = pool.observe({
      lent() {
        heard.push("first");
        pool.observe({
          lent: () => void heard.push("new: lent"),
          returned: () => void heard.push("new: returned"),
        });
        first[Symbol.dispose]();
      },
    });
    pool.observe({ lent: () => void heard.push("second") });
    await pool.use(() => {});
    await pool.use(() => {});
    const again = ["second", "new: lent", "new: returned"];
    assertEquals(heard, ["first", "second", "new: returned", ...again]);
  });

  it("one that throws or rejects is logged, and troubles nobody", async () => {
    await using pool = things();
    pool.observe({
      lent() {
        throw new RangeError("at once");
      },
      // deno-lint-ignore require-await
      async returned() {
        throw new RangeError("later");
      },
    });
    const witness = new Witness();
    pool.observe(witness);
    assertEquals(await pool.use(({ id }) => id), 0);
    await idle();
    assertEquals(witness.take().map(([name]) => name), ["created", "lent", "returned"]);
    assertEquals(pool.lines.map((line) => line.replace(/^warn \S+: /, "")), [
      "an observer failed in lent: RangeError: at once",
      "an observer failed in returned: RangeError: later",
    ]);
  });

  it("may call the pool", async () => {
    const pool = things({ maxSize: 2 });
    let inner: Promise<unknown> | undefined;
    pool.observe({
      lent() {
        inner ??= pool.use(({ id }) => id);
      },
      closed: () => void pool.shutdown(),
    });
    assertEquals([await pool.use(({ id }) => id), await inner], [0, 0]);
    await pool.shutdown();
    assertEquals([pool.size, pool.lines], [0, []]);
  });
});

describe("an event", () => {
  it("has its object described when that is read, and not before", async () => {
    let traced = 0;
    await using pool = things({ tracer: ({ id }) => (traced++, `client ${id}`) });
    const events: LentEvent[] = [];
    pool.observe({ lent: (event) => void events.push(event), returned() {} });
    await pool.use(() => {});
    assertEquals(traced, 0);
    assertEquals([events[0]!.object, traced], ["#0 client 0", 1]);
  });

  it("is told outside of every caller's context, at once", async () => {
    const request = new AsyncLocalStorage<string>();
    await using pool = things();
    const seen: unknown[] = [];
    const see = () => void seen.push(request.getStore());
    pool.observe({ created: see, lent: see, refused: see, returned: see, closed: see });
    await request.run("A", async () => {
      const lease = await pool.get();
      assertEquals(seen.length, 2);
      await rejection(pool.get({ signal: AbortSignal.abort() }));
      const waiting = rejection(pool.get({ timeout: 1 }));
      await waiting;
      await pool.discard(lease);
      assertEquals(request.getStore(), "A");
    });
    assertEquals(seen, Array(6).fill(undefined));
  });

  it("is made for nobody where there is no observer, or none any more", async () => {
    let read = 0;
    await using pool = things();
    const gate = deferred();
    const observing = pool.observe({ lent: () => void read++ });
    const used = pool.use(() => gate.promise);
    await idle();
    observing[Symbol.dispose]();
    gate.resolve();
    await used;
    await pool.use(() => {});
    assertEquals(read, 1);
  });
});

describe("observe", () => {
  it("takes an instance of a class that has fields of its own", async () => {
    await using pool = things();
    class Counter {
      n = 0;
      readonly labels = new Map<string, number>();
      lent(): void {
        this.n++;
      }
    }
    const counter = new Counter();
    pool.observe(counter);
    await pool.use(() => {});
    assertEquals(counter.n, 1);
  });

  it("refuses what is no observer, with what would be one", () => {
    const pool = things();
    const wrong: [unknown, string][] = [
      [undefined, "observe: observer must be an object, got undefined"],
      [null, "observe: observer must be an object, got null"],
      [() => {}, "observe: observer must be an object, got a function"],
      [[], "observe: observer must be an object, got an array"],
      [{}, "observe: the observer has no method: give it one of created, lent, refused, returned"],
      [{ lent: 5 }, "observe: lent must be a function, got 5"],
      [{ lend() {} }, 'observe: unknown method "lend": did you mean lent?'],
      [{ make() {}, create() {} }, 'observe: unknown method "make": the methods are created, '],
      [{ create() {} }, 'observe: unknown method "create": did you mean created?'],
      [
        { lent() {}, acquired() {} },
        'observe: unknown method "acquired": the methods are created, ',
      ],
    ];
    for (const [observer, said] of wrong) {
      const { message } = assertThrows(() => pool.observe(observer as never), TypeError);
      assert(message.startsWith(said), message);
    }
  });
});

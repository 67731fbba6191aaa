// A frame by hand: what it keeps, what it does at its end, and that it is of no use afterwards.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { ProxyError } from "../mod.ts";
import type { Frame } from "../scopes/mod.ts";
import { errorsOf, flow } from "./helpers/flow.ts";
import { deferred, idle, rejection, stateOf } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

describe("open", () => {
  it("gives a frame that nobody is in, until its run", async () => {
    const frame = flow.open();
    assertEquals([frame.ended, flow.current()], [false, undefined]);
    const object = {};
    assertStrictEquals(
      frame.run(() => (assertStrictEquals(flow.current(), frame), object)),
      object,
    );
    assertEquals([frame.ended, flow.current()], [false, undefined]);
    await frame.run(async () => {
      await sleep(1);
      assertStrictEquals(flow.current(), frame);
    });
    assertThrows(
      () =>
        frame.run(() => {
          throw new Error("mine");
        }),
      Error,
      "mine",
    );
    assertEquals(frame.ended, false);
    await frame.end();
    assertEquals(frame.ended, true);
  });

  it("is for a block, by await using; an outer frame is there again in the inner one's run", async () => {
    let kept!: Frame;
    let given = 0;
    {
      await using frame = flow.open();
      kept = frame;
      frame.defer(() => given++);
      await frame.run(() =>
        flow.run(() => frame.run(() => assertStrictEquals(flow.current(), frame)))
      );
    }
    assertEquals([kept.ended, given], [true, 1]);
  });

  it("tells its host at the end, and not before", async () => {
    const hosted: Promise<unknown>[] = [];
    const frame = flow.open({ waitUntil: (promise) => void hosted.push(promise) });
    frame.run(() => {});
    assertEquals(hosted.length, 0);
    await frame.end();
    await frame.end();
    assertEquals(hosted.length, 1);
    await hosted[0];
  });
});

describe("get and set", () => {
  it("keep a value under a key: one, many, each for itself; anew, and undefined too", () => {
    const frame = flow.open();
    const keys = [{}, {}, () => {}];
    for (const key of keys) assertStrictEquals(frame.get(key), undefined);
    keys.forEach((key, i) => frame.set(key, i));
    assertEquals(keys.map((key) => frame.get(key)), [0, 1, 2]);
    keys.forEach((key, i) => frame.set(key, i * 10));
    assertEquals(keys.map((key) => frame.get(key)), [0, 10, 20]);
    frame.set(keys[0]!, undefined);
    frame.set(keys[1]!, null);
    assertEquals(keys.map((key) => frame.get(key)), [undefined, null, 20]);
    assertStrictEquals(flow.open().get(keys[2]!), undefined);
  });

  it("keep it until the end", async () => {
    const frame = flow.open();
    const keys = [{}, {}];
    for (const key of keys) frame.set(key, "kept");
    let during: unknown = "not asked";
    frame.defer(() => during = frame.get(keys[0]!));
    await frame.end();
    assertEquals(keys.map((key) => frame.get(key)), [undefined, undefined]);
    assertStrictEquals(during, undefined);
  });
});

describe("defer", () => {
  it("has functions called at the end, the last one first, each after the one before is done", async () => {
    const frame = flow.open();
    const calls: string[] = [];
    frame.defer(() => calls.push("first"));
    frame.defer(async () => {
      calls.push("second");
      await sleep(2);
      calls.push("second is done");
    });
    frame.defer(() => calls.push("third"));
    assertEquals(calls, []);
    await frame.end();
    assertEquals(calls, ["third", "second", "second is done", "first"]);
  });

  it("calls each once, though end is called often and at once", async () => {
    const frame = flow.open();
    let calls = 0;
    frame.defer(async () => {
      calls++;
      await idle();
    });
    const [one, two] = [frame.end(), frame.end()];
    assertStrictEquals(one, two);
    await Promise.all([one, two, frame[Symbol.asyncDispose](), frame.end()]);
    assertEquals(calls, 1);
  });

  it("calls all, though one fails; the end fails with that, itself", async () => {
    for (const fails of [true, false]) {
      const failure = new Error("mine");
      const frame = flow.open();
      const calls: number[] = [];
      frame.defer(() => calls.push(1));
      frame.defer(() => {
        if (fails) throw failure;
        return Promise.reject(failure);
      });
      frame.defer(() => calls.push(3));
      assertStrictEquals(await rejection(frame.end()), failure);
      assertEquals([calls, frame.ended], [[3, 1], true]);
      assertStrictEquals(await rejection(frame.end()), failure);
    }
  });

  it("of several failures makes an AggregateError, in the order they came", async () => {
    const frame = flow.open();
    const failures = [new Error("one"), new Error("two"), undefined];
    for (const failure of failures) frame.defer(() => Promise.reject(failure));
    const error = await rejection(frame.end());
    assertInstanceOf(error, AggregateError);
    assertEquals(error.errors, failures.toReversed());
    assertStringIncludes(error.message, "the scope flow");
  });

  it("may do so in the course of the end no more", async () => {
    const frame = flow.open();
    let late: unknown;
    frame.defer(() => late = assertThrows(() => frame.defer(() => {}), ProxyError));
    await frame.end();
    assert(late instanceof ProxyError);
  });

  it("may end the frame itself", async () => {
    const frame = flow.open();
    let calls = 0;
    frame.defer(() => calls++);
    frame.defer(() => void frame.end());
    await frame.end();
    assertEquals(calls, 1);
  });
});

describe("drop", () => {
  it("takes back what was kept under a key, and what was deferred, but nothing else", async () => {
    const keys = [{}, {}, {}];
    for (const dropped of keys) {
      const frame = flow.open();
      const called: unknown[] = [];
      const fns = keys.map((_, n) => () => called.push(n));
      keys.forEach((key, n) => {
        frame.set(key, n);
        frame.defer(fns[n]!);
      });
      const n = keys.indexOf(dropped);
      frame.drop!(dropped, [fns[n], undefined]);
      const rest = [0, 1, 2].map((other) => other === n ? undefined : other);
      assertEquals(keys.map((key) => frame.get(key)), rest);
      frame.set(dropped, "again");
      assertEquals(frame.get(dropped), "again");
      await frame.end();
      assertEquals(called, rest.filter((other) => other !== undefined).reverse());
    }
  });
});

describe("drop and set", () => {
  it("leave nothing of what was kept before", async () => {
    const frame = flow.open();
    const [a, b] = [{}, {}];
    frame.set(a, 1);
    frame.set(b, "old");
    frame.drop!(a, []);
    frame.set(b, "new");
    assertEquals([frame.get(a), frame.get(b)], [undefined, "new"]);
    frame.drop!(b, []);
    assertEquals(frame.get(b), undefined);
    await frame.end();
  });
});

describe("waitUntil", () => {
  it("puts the end off, also by what comes meanwhile", async () => {
    const frame = flow.open();
    const gates = [deferred(), deferred()];
    let given = false;
    frame.defer(() => given = true);
    frame.waitUntil(gates[0]!.promise);
    const end = frame.end();
    assertEquals([await stateOf(end), frame.ended], ["pending", false]);
    frame.set(gates, "kept");
    frame.waitUntil(gates[1]!.promise);
    gates[0]!.resolve();
    assertEquals([await stateOf(end), frame.ended], ["pending", false]);
    assertEquals([given, frame.get(gates)], [false, "kept"]);
    gates[1]!.resolve();
    await end;
    assertEquals([frame.ended, given], [true, true]);
  });

  it("a rejection is logged, and is nothing to whoever ends the frame", async () => {
    const frame = flow.open();
    let given = false;
    frame.defer(() => given = true);
    const told = await errorsOf(async () => {
      frame.waitUntil(Promise.reject(new Error("stream")));
      await idle(); // it rejects before the end, and is no unhandled one
      await frame.end();
    });
    assertEquals([told.length, given], [1, true]);
    assertStringIncludes(told[0]!, "Error: stream");
  });

  it("of what has settled by then puts nothing off: all is given back before run's promise settles", async () => {
    let given = false;
    await flow.run(async () => {
      const frame = flow.current()!;
      frame.waitUntil(Promise.resolve());
      frame.defer(() => sleep(5).then(() => given = true));
      await idle();
    });
    assertEquals(given, true);
  });

  it("a rejection in run goes to the console, once, since nobody waits for it", async () => {
    for (const early of [true, false]) {
      const told = await errorsOf(async () => {
        const run = flow.run(async () => {
          const prolonging = early ? null : sleep(5);
          flow.current()!.waitUntil(
            Promise.resolve(prolonging).then(() => {
              throw new Error("stream");
            }),
          );
          if (early) await idle();
          return "done";
        });
        assertEquals(await run, "done");
        await sleep(20);
      });
      assertEquals(told.length, 1);
      assertStringIncludes(told[0]!, "Error: stream");
    }
  });

  it("takes what is no promise, too, and gives all back", async () => {
    const frame = flow.open();
    let given = false;
    frame.defer(() => given = true);
    for (const odd of [undefined, 5, { then: (done: () => void) => done() }]) {
      frame.waitUntil(odd as Promise<unknown>);
    }
    await frame.end();
    assertEquals(given, true);
  });
});

describe("a frame that has ended", () => {
  it("refuses everything, and says what to do", async () => {
    const frame = flow.open();
    await frame.end();
    const uses: Record<string, () => unknown> = {
      set: () => frame.set({}, 1),
      defer: () => frame.defer(() => {}),
      waitUntil: () => frame.waitUntil(Promise.resolve()),
      run: () => frame.run(() => {}),
    };
    for (const [name, use] of Object.entries(uses)) {
      const { message } = assertThrows(use, ProxyError);
      assertStringIncludes(
        message,
        `${name}() is called in a frame of the scope flow that has ended`,
      );
      assertStringIncludes(message, "waitUntil(promise)");
    }
  });

  it("is still that of its code that goes on, and no other", async () => {
    let late!: Promise<unknown>;
    const gate = deferred();
    let frame!: Frame;
    await flow.run(() => {
      frame = flow.current()!;
      late = gate.promise.then(() => flow.current());
      return Promise.resolve();
    });
    await flow.run(async () => {
      gate.resolve();
      assertStrictEquals(await late, frame);
    });
    assertEquals(frame.ended, true);
  });
});

// run: a new frame around a function, which ends when that is done, however it is.

import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { FlowScope, type Frame } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { deferred, idle, rejection } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

/** The frame of the running code; there must be one. */
function here(): Frame {
  const frame = flow.current();
  assert(frame !== undefined, "in a frame");
  return frame;
}

describe("run", () => {
  it("gives what a function gives, whose frame has ended by then", () => {
    let frame!: Frame;
    const object = {};
    assertStrictEquals(flow.run(() => (frame = here(), object)), object);
    assertEquals([frame.ended, flow.current()], [true, undefined]);
  });

  it("throws what a function throws, whose frame has ended by then", () => {
    let frame!: Frame;
    const failure = new Error("mine");
    const run = () =>
      flow.run(() => {
        frame = here();
        throw failure;
      });
    assertStrictEquals(assertThrows(run), failure);
    assertEquals(frame.ended, true);
  });

  it("of an async function: the frame goes along with it, and ends after it", async () => {
    let frame!: Frame;
    const run = flow.run(async () => {
      frame = here();
      await null;
      assertStrictEquals(here(), frame);
      await sleep(2);
      assertStrictEquals(here(), frame);
      await Promise.all([1, 2].map(async () => {
        await sleep(1);
        assertStrictEquals(here(), frame);
      }));
      assertEquals(frame.ended, false);
      return "done";
    });
    assertEquals([frame.ended, flow.current()], [false, undefined]);
    assertEquals(await run, "done");
    assertEquals(frame.ended, true);
  });

  it("of an async function that fails: rejects with that, itself, and the frame has ended", async () => {
    let frame!: Frame;
    const failure = new Error("mine");
    const run = flow.run(async () => {
      frame = here();
      await null;
      throw failure;
    });
    assertStrictEquals(await rejection(run), failure);
    assertEquals(frame.ended, true);
  });

  it("of an async function that is aborted: rejects with the signal's reason", async () => {
    const aborting = new AbortController();
    let frame!: Frame;
    const run = rejection(flow.run(() => {
      frame = here();
      return new Promise((_resolve, reject) => {
        aborting.signal.addEventListener("abort", () => reject(aborting.signal.reason));
      });
    }));
    await idle();
    assertEquals(frame.ended, false);
    aborting.abort("enough");
    assertEquals([await run, frame.ended], ["enough", true]);
  });

  it("of what starts only with its then: starts it, in the frame, and ends after it", async () => {
    const seen: (Frame | undefined)[] = [];
    const gate = deferred<string>();
    const query = {
      then(done: (value: string) => void, failed: (error: unknown) => void) {
        seen.push(flow.current());
        void gate.promise.then((value) => (seen.push(flow.current()), value)).then(done, failed);
      },
    };
    let frame!: Frame;
    const run = flow.run(() => {
      frame = here();
      return query as PromiseLike<string>;
    });
    assertInstanceOf(run, Promise);
    await idle();
    assertEquals(frame.ended, false);
    gate.resolve("rows");
    assertEquals(await run, "rows");
    assertEquals([frame.ended, seen.length], [true, 2]);
    for (const one of seen) assertStrictEquals(one, frame);
  });

  it("nested: each has its own, and the outer one is there again afterwards", async () => {
    await flow.run(async () => {
      const outer = here();
      flow.run(() => assertNotStrictEquals(here(), outer));
      assertStrictEquals(here(), outer);
      await flow.run(async () => {
        const inner = here();
        await sleep(1);
        assertStrictEquals(here(), inner);
        assertNotStrictEquals(inner, outer);
      });
      assertStrictEquals(here(), outer);
      assertThrows(() =>
        flow.run(() => {
          throw new Error("inner");
        })
      );
      assertStrictEquals(here(), outer);
      assertEquals(outer.ended, false);
    });
  });

  it("side by side: each flow has its own, throughout", async () => {
    const frames = new Set<Frame>();
    await Promise.all(Array.from({ length: 100 }, (_, i) =>
      flow.run(async () => {
        const frame = here();
        frames.add(frame);
        for (let turn = 0; turn < 5; turn++) {
          await (i % 2 ? sleep(i % 3) : null);
          assertStrictEquals(here(), frame);
        }
      })));
    assertEquals(frames.size, 100);
  });

  it("has nothing to do with other scopes", async () => {
    const other = new FlowScope("other");
    await other.ready();
    flow.run(() => {
      assertEquals(other.current(), undefined);
      const frame = here();
      other.run(() => {
        assertStrictEquals(here(), frame);
        assertNotStrictEquals(other.current(), frame);
      });
    });
  });

  it("of a function that gives a proxy of its own does not touch that", async () => {
    const touchy = new globalThis.Proxy({}, {
      get: (_target, key) => {
        if (key === "then") return undefined;
        throw new Error(`touched: ${String(key)}`);
      },
    });
    assertStrictEquals(flow.run(() => touchy), touchy);
    assertStrictEquals(await flow.run(() => Promise.resolve(touchy)), touchy);
  });
});

// The end of a frame: who waits for it, who is told if it fails, and hosts, who get it.

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Frame } from "../scopes/mod.ts";
import { errorsOf, flow } from "./helpers/flow.ts";
import { deferred, idle, rejection, stateOf } from "./helpers/pool.ts";

/** The frame of the running code; there must be one. */
function here(): Frame {
  const frame = flow.current();
  assert(frame !== undefined, "in a frame");
  return frame;
}

describe("run's promise", () => {
  it("waits until everything has been given back", async () => {
    const gate = deferred();
    const run = flow.run(() => {
      here().defer(() => gate.promise);
      return Promise.resolve("done");
    });
    assertEquals(await stateOf(run), "pending");
    gate.resolve();
    assertEquals(await run, "done");
  });

  it("rejects with what the end fails with", async () => {
    const failure = new Error("end");
    const run = flow.run(() => {
      here().defer(() => Promise.reject(failure));
      return Promise.resolve("done");
    });
    assertStrictEquals(await rejection(run), failure);
  });

  it("rejects with the function's own failure, and the end's goes to the console", async () => {
    const failure = new Error("mine");
    const told = await errorsOf(async () => {
      const run = flow.run(() => {
        here().defer(() => Promise.reject(new Error("end")));
        return Promise.reject(failure);
      });
      assertStrictEquals(await rejection(run), failure);
    });
    assertEquals(told.length, 1);
    assertStringIncludes(told[0]!, "ending a frame of the scope flow failed:");
    assertStringIncludes(told[0]!, "end");
  });

  it("is none if the function is not async: then what the end fails with goes to the console", async () => {
    for (const own of [false, true]) {
      const told = await errorsOf(async () => {
        const run = () =>
          flow.run(() => {
            here().defer(() => {
              throw new Error("end");
            });
            if (own) throw new Error("mine");
            return 5;
          });
        if (own) assertThrows(run, Error, "mine");
        else assertEquals(run(), 5);
        await idle();
      });
      assertEquals(told.length, 1);
      assertStringIncludes(told[0]!, "Error: end");
    }
  });

  it("does not wait for what prolongs the frame, which ends after that", async () => {
    const gate = deferred();
    let frame!: Frame;
    let given = false;
    const run = flow.run(async () => {
      frame = here();
      frame.defer(() => given = true);
      await null;
      frame.waitUntil(gate.promise);
      return "done";
    });
    assertEquals(await run, "done");
    await idle();
    assertEquals([frame.ended, given], [false, false]);
    frame.run(() => assertStrictEquals(here(), frame));
    gate.resolve();
    await frame.end();
    assertEquals([frame.ended, given], [true, true]);
  });

  it("nor does a function's value, if it is not async", async () => {
    const gate = deferred();
    let frame!: Frame;
    flow.run(() => {
      frame = here();
      frame.waitUntil(gate.promise);
    });
    await idle();
    assertEquals(frame.ended, false);
    gate.resolve();
    await idle();
    assertEquals(frame.ended, true);
  });
});

describe("a host", () => {
  it("gets the giving back, which then delays nobody", async () => {
    const gate = deferred();
    const hosted: Promise<unknown>[] = [];
    const host = {
      waitUntil(promise: Promise<unknown>): void {
        assertStrictEquals(this, host);
        hosted.push(promise);
      },
    };
    const run = flow.run(() => {
      here().defer(() => gate.promise);
      return Promise.resolve("done");
    }, host);
    assertEquals(await run, "done");
    assertEquals([hosted.length, await stateOf(hosted[0]!)], [1, "pending"]);
    gate.resolve();
    await hosted[0];
  });

  it("gets it whether the function is async or not, and whether it fails or not", async () => {
    for (const fn of [() => 5, () => Promise.resolve(5)]) {
      for (const fails of [false, true]) {
        const hosted: Promise<unknown>[] = [];
        let given = false;
        const run = () =>
          flow.run(() => {
            here().defer(() => given = true);
            if (fails) throw new Error("mine");
            return fn();
          }, { waitUntil: (promise) => void hosted.push(promise) });
        if (fails) assertThrows(run, Error, "mine");
        else assertEquals(await run(), 5);
        await Promise.all(hosted);
        assertEquals([hosted.length, given], [1, true]);
      }
    }
  });

  it("gets a promise that does not reject: what fails goes to the console, once", async () => {
    for (const own of [false, true]) {
      const hosted: Promise<unknown>[] = [];
      const told = await errorsOf(async () => {
        const run = flow.run(() => {
          here().defer(() => Promise.reject(new Error("end")));
          return own ? Promise.reject(new Error("mine")) : Promise.resolve(5);
        }, { waitUntil: (promise) => void hosted.push(promise) });
        if (own) assertEquals(String(await rejection(run)), "Error: mine");
        else assertEquals(await run, 5);
        await Promise.all(hosted);
        await idle();
      });
      assertEquals([told.length, hosted.length], [1, 1]);
      assertStringIncludes(told[0]!, "Error: end");
    }
  });

  it("must be one, or run and open refuse it and call nothing", () => {
    for (const wrong of [{}, null, 5, { waitUntil: true }, "ctx"]) {
      let called = false;
      const run = () => flow.run(() => called = true, wrong as never);
      assertThrows(run, TypeError, "host must have a method waitUntil");
      assertThrows(() => flow.open(wrong as never), TypeError, "waitUntil");
      assertEquals(called, false);
    }
  });
});

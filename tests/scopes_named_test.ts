// The scopes there are: what each is on this runtime, and what it says on one that it is not for.

import {
  assert,
  assertEquals,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../mod.ts";
import * as all from "../scopes/mod.ts";
import { type Frame, type Scope, type ScopeName, scopes } from "../scopes/mod.ts";
import { flow } from "./helpers/flow.ts";
import { idle, Thing, Workshop } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

const { bun, deno, node, shared, thread, versatile, workers } = scopes;

/** This runtime's own, told apart in a way of the test's own. */
function own(): Scope {
  if ("Deno" in globalThis) return deno;
  if ("Bun" in globalThis) return bun;
  return "WebSocketPair" in globalThis ? workers : node;
}

describe("the scopes", () => {
  it("are seven, each by its name", () => {
    const names: ScopeName[] = ["shared", "thread", "workers", "deno", "bun", "node", "versatile"];
    assertEquals(Object.keys(scopes), names);
    for (const name of names) {
      assertStrictEquals(scopes[name].name, name);
      assertStrictEquals(all[name], scopes[name]);
    }
  });

  it("are asked for by name or by themselves", () => {
    for (const scope of [shared, thread, versatile, workers, own()]) {
      for (const asked of [scope, scope.name as ScopeName]) {
        const proxy = new Proxy({ fun: (n) => new Thing(n), scope: asked });
        scope.run(() => assertEquals([proxy.id, proxy._in(scope.current()!).id], [0, 0]));
      }
    }
  });
});

for (const scope of [versatile, workers, own()]) {
  describe(`the scope ${scope.name}, here`, () => {
    it("has a frame for each flow, and none outside", async () => {
      await scope.ready();
      assertStrictEquals(scope.current(), undefined);
      const frames = await Promise.all([1, 2].map(() =>
        scope.run(async () => {
          const frame = scope.current();
          await sleep(1);
          assertStrictEquals(scope.current(), frame);
          return frame!;
        })
      ));
      assert(frames[0] !== frames[1] && frames.every(({ ended }) => ended));
    });

    it("has frames by hand", async () => {
      const frame = scope.open();
      frame.run(() => assertStrictEquals(scope.current(), frame));
      await frame.end();
    });

    it("refuses what uses a proxy outside of any frame, and shows the way", () => {
      const proxy = new Proxy({ fun: () => new Thing(1), scope });
      const { message } = assertThrows(() => proxy.id, ProxyError);
      assertStringIncludes(message, `${scope.name}.run(() => ...)`);
    });
  });
}

describe("versatile", () => {
  it("has the frames of this runtime's own scope", () => {
    versatile.run(() => assertStrictEquals(versatile.current(), own().current()));
    own().run(() => assertStrictEquals(versatile.current(), own().current()));
  });
});

describe("the scope of another runtime", () => {
  for (const scope of [deno, bun, node].filter((scope) => scope !== own())) {
    it(`${scope.name} says so, and names the one to use`, async () => {
      const uses: (() => unknown)[] = [
        () => scope.current(),
        () => scope.run(() => {}),
        () => scope.open(),
        () => new Proxy({ fun: () => new Thing(1), scope }),
        () => new Proxy({ fun: () => new Thing(1), scope: scope.name as ScopeName, maxSize: 1 }),
      ];
      for (const use of uses) {
        const { message } = assertThrows(use, ProxyError);
        assertStringIncludes(message, `the scope ${scope.name} is for`);
        assertStringIncludes(message, `use ${own().name}, or versatile`);
      }
      const failure = await scope.ready().catch((error) => error);
      assertStringIncludes(String(failure), `ProxyError: the scope ${scope.name} is for`);
    });
  }
});

for (const scope of [shared, thread]) {
  describe(`the scope ${scope.name}`, () => {
    it("has one frame, which all code is in, always", async () => {
      await scope.ready();
      const frame = scope.current() as Frame;
      assert(frame !== undefined && !frame.ended);
      assertStrictEquals(scope.open(), frame);
      flow.run(() => assertStrictEquals(scope.current(), frame));
      assertStrictEquals(scope.run(() => scope.current()), frame);
      assertStrictEquals(frame.run(() => scope.current()), frame);
      await scope.run(() => Promise.resolve());
      assertStrictEquals(scope.current(), frame);
    });

    it("run just calls, and ends nothing", async () => {
      const shop = new Workshop();
      const proxy = new Proxy({ fun: shop.fun, closer: shop.closer, scope });
      assertEquals(await scope.run(() => Promise.resolve(proxy.id)), 0);
      assertThrows(
        () =>
          scope.run(() => {
            throw new Error("mine");
          }),
        Error,
        "mine",
      );
      await idle();
      assertEquals([shop.closed, proxy.id], [[], 0]);
      await scope.current()!.end();
      assertEquals(shop.closed, [0]);
    });

    it("its end gives back, tells what failed, and may come again", async () => {
      const frame = scope.current()!;
      const calls: string[] = [];
      frame.set(calls, "kept");
      frame.defer(() => calls.push("first"));
      frame.defer(() => Promise.reject(new Error("end")));
      frame.waitUntil(sleep(1).then(() => calls.push("prolonged")));
      const ends = [frame.end(), frame.end()].map((end) => end.catch(String));
      assertEquals(await Promise.all(ends), ["Error: end", "Error: end"]);
      assertEquals([calls, frame.get(calls), frame.ended], [
        ["prolonged", "first"],
        undefined,
        false,
      ]);
      frame.defer(() => calls.push("again"));
      await frame.end();
      assertEquals(calls, ["prolonged", "first", "again"]);
    });
  });
}

it("shared and thread have frames of their own", () => {
  assert(shared.current() !== thread.current());
});

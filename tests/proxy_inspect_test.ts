// What console.log and inspect show of a proxy: its object, or why there is none; they take none.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { plain, WAYS } from "./helpers/inspect.ts";

/** Without methods, which Bun shows of an instance, and not where the inspection is its own. */
class Client {
  host = "db";
  readonly n: number;

  constructor(n: number) {
    this.n = n;
  }
}

const OBJECTS: [string, unknown][] = [
  ["an object", { a: 1, b: { c: ["deep"] } }],
  ["an instance", new Client(5)],
  ["an array", ["x", "y"]],
  ["a Map", new Map([["key", "value"]])],
  ["a function", Object.assign(function sql() {}, { limit: 5 })],
  ["text", "some text"],
  ["a number", 42],
  ["a frozen object", Object.freeze({ a: 1 })],
];

for (const [way, show] of WAYS) {
  describe(way, () => {
    for (const [what, object] of OBJECTS) {
      it(`shows the object of a proxy: ${what}`, () => {
        const shown = plain(show(object));
        assertStringIncludes(plain(show(new Proxy({ obj: object }))), shown);
        const made = new Proxy({ fun: () => object, scope: flow });
        flow.run(() => {
          made._getObj();
          assertStringIncludes(plain(show(made)), shown);
          assertStringIncludes(plain(show({ deep: [made] })), shown);
        });
      });
    }

    it("shows no object where none has been taken, and takes none", () => {
      let made = 0;
      const fun = () => new Client(++made);
      for (
        const proxy of [
          new Proxy({ fun, scope: flow }),
          new Proxy({ fun, scope: flow, maxSize: 1 }),
        ]
      ) {
        for (const shown of [show(proxy), flow.run(() => show(proxy))]) {
          assertStringIncludes(shown, "no object here");
        }
        assertEquals([made, proxy._pool], [0, undefined]);
      }
    });

    it("shows that a proxy is not set", () => {
      assertStringIncludes(show(new Proxy()), "[Proxy");
    });

    it("shows the object of a pool that the frame has", async () => {
      const proxy = new Proxy({ fun: (n) => new Client(n), scope: flow, maxSize: 1 });
      await flow.run(async () => {
        await proxy._getObj();
        assertStringIncludes(plain(show(proxy)), plain(show(new Client(0))));
      });
      assertStringIncludes(show(proxy), "no object here");
      await proxy._pool!.shutdown();
    });
  });
}

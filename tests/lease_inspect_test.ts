// What console.log and inspect show of a lease: its object, and how it ended.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { lent } from "./helpers/test_pool.ts";
import { plain, WAYS } from "./helpers/inspect.ts";

class Client {
  host = "db";
  port = 5432;
}

function sql() {}
sql.limit = 5;

const OBJECTS: [string, unknown][] = [
  ["an object", { a: 1, b: { c: ["deep"] } }],
  ["an instance", new Client()],
  ["an array", ["x", "y"]],
  ["a Map", new Map([["key", "value"]])],
  ["a Date", new Date(0)],
  ["a function", sql],
  ["a class", Client],
  ["text", "some text"],
  ["a number", 42],
  ["a frozen object", Object.freeze({ a: 1 })],
  ["an object without prototype", Object.assign(Object.create(null), { a: 1 })],
];

for (const [way, show] of WAYS) {
  describe(way, () => {
    for (const [what, object] of OBJECTS) {
      it(`shows the object of a lease: ${what}`, async () => {
        await lent(
          object,
          (lease) => assertStringIncludes(plain(show(lease)), plain(show(object))),
        );
      });
    }

    it("shows the object of a lease inside of something else", async () => {
      await lent(new Client(), (lease) => {
        const shown = show({ conn: lease, all: [lease] });
        assertEquals(shown.match(/5432/g)?.length, 2, shown);
        assert(!/entry|lender|#object/.test(shown), shown);
      });
    });

    for (const object of [new Client(), sql, ["x"]]) {
      it(`says of a dead lease how it ended, and does not throw: ${typeof object}`, async () => {
        await lent<unknown>(object, async (lease, pool) => {
          await pool.ret(lease);
          assertStringIncludes(show(lease), "returned");
          assertStringIncludes(show([lease]), "returned");
          assert(!/5432|limit|'x'/.test(show(lease)), show(lease));
        });
      });
    }
  });
}

describe("console.log", () => {
  it("does not throw, be the lease alive or dead", async () => {
    for (const object of [new Client(), sql, ["x"], "text"]) {
      await lent<unknown>(object, async (lease, pool) => {
        const { error } = console;
        try {
          console.error = () => {};
          console.error(lease);
          await pool.ret(lease);
          console.error(lease);
        } finally {
          console.error = error;
        }
      });
    }
  });
});

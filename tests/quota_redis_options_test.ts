// The options of redisQuota, which are checked at once, and a client that does nothing until it is needed.

import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { redisQuota } from "../quota/redis.ts";

/** Counts what is asked of it. */
function client() {
  const calls: string[] = [];
  const called = (name: string) => () => {
    calls.push(name);
    return Promise.reject(new Error("no server"));
  };
  return {
    calls,
    evalSha: called("evalSha"),
    eval: called("eval"),
    duplicate: called("duplicate"),
  };
}

const GOOD = { max: 1, key: "k", client: client() };

describe("the options of redisQuota", () => {
  const wrong: [object, typeof TypeError | typeof RangeError, string][] = [
    [{ max: 0 }, RangeError, "max must be an integer, 1 or more, got 0"],
    [{ max: 1.5 }, RangeError, "max must be an integer, 1 or more, got 1.5"],
    [{ max: "4" }, TypeError, 'max must be an integer, 1 or more, got "4"'],
    [{ key: "" }, TypeError, 'key must be a non-empty string without braces, got ""'],
    [{ key: "{a}" }, TypeError, 'key must be a non-empty string without braces, got "{a}"'],
    [{ lease: 499 }, RangeError, "lease must be an integer, 500 to 3600000, got 499"],
    [{ lease: 4e6 }, RangeError, "lease must be an integer, 500 to 3600000, got 4000000"],
    [{ client: {} }, TypeError, "client must be a client of node-redis or ioredis, got an object"],
    [{ client: undefined }, TypeError, "client must be a client of node-redis or ioredis"],
    [{ leese: 1 }, TypeError, 'redisQuota: unknown option "leese": did you mean lease?'],
  ];
  for (const [options, kind, message] of wrong) {
    it(`says ${message}`, () => {
      assertThrows(() => redisQuota({ ...GOOD, ...options } as never), kind, message);
    });
  }

  it("says that there must be some", () => {
    assertThrows(() => redisQuota(undefined as never), TypeError, "options must be an object");
  });

  it("asks nothing of the client until a pool needs a permit", async () => {
    const asked = client();
    const quota = redisQuota({ max: 1, key: "k", client: asked });
    const pool = new Pool(() => ({}), { quota });
    await pool.ready();
    await pool.shutdown();
    assertEquals(asked.calls, []);
  });
});

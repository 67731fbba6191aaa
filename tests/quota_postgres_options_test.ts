// Options of postgresQuota and sessionSlot, and rules that need no server.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { postgresQuota, sessionSlot } from "../quota/postgres.ts";
import { classOf } from "../quota/postgres/options.ts";
import { graceOf, isAbove, turnOf } from "../quota/postgres/rules.ts";

const client = () => Promise.reject(new Error("not here"));

/** Options that are wrong, and what is said of them. */
const WRONG: [options: object, error: ErrorConstructor, message: string][] = [
  [{ key: "a" }, TypeError, "max must be a number, got undefined"],
  [{ max: "4", key: "a" }, TypeError, 'max must be a number, got "4"'],
  [{ max: 0, key: "a" }, RangeError, "max must be a whole number from 1 to 1000000, got 0"],
  [{ max: 1.5, key: "a" }, RangeError, "max must be a whole number from 1 to 1000000, got 1.5"],
  [
    { max: 1e7, key: "a" },
    RangeError,
    "max must be a whole number from 1 to 1000000, got 10000000",
  ],
  [{ max: 1 }, TypeError, "key must be a non-empty string, got undefined"],
  [{ max: 1, key: "" }, TypeError, 'key must be a non-empty string, got ""'],
  [{ max: 1, key: 7 }, TypeError, "key must be a non-empty string, got 7"],
  [{ max: 1, key: "a", lease: 3 }, TypeError, 'unknown option "lease": the options are '],
];

describe("postgresQuota and sessionSlot", () => {
  for (const [options, error, message] of WRONG) {
    it(`refuse: ${message}`, () => {
      const quota = () => postgresQuota({ client, ...options } as never);
      assertThrows(quota, error, `postgresQuota: ${message}`);
      assertThrows(() => sessionSlot(options as never), error, `sessionSlot: ${message}`);
    });
  }

  it("refuse what is no object", () => {
    assertThrows(() => postgresQuota(undefined as never), TypeError, "must be an object");
    assertThrows(() => sessionSlot("key" as never), TypeError, "must be an object");
  });

  it("refuse a client that is no function", () => {
    for (const client of [undefined, {}, "postgres://app@localhost/app"]) {
      assertThrows(
        () => postgresQuota({ max: 1, key: "a", client } as never),
        TypeError,
        "postgresQuota: client must be a function that connects a session, got ",
      );
    }
  });

  it("connect nothing when they are made", async () => {
    let called = 0;
    const quota = postgresQuota({ max: 1, key: "a", client: () => (called++, client()) });
    const member = quota.attach({ available: 0, reclaim: () => false });
    await member[Symbol.asyncDispose]();
    assertEquals(called, 0);
  });
});

describe("the rules of postgresQuota", () => {
  it("a key has the same class of locks everywhere, within 32 bits", () => {
    assertEquals(classOf(""), 0x811c9dc5 | 0);
    assertEquals(classOf("place app"), classOf("place app"));
    assert(classOf("place app") !== classOf("queue app"));
    for (const key of ["a", "ä", "app", "\u{1f600}"]) assertEquals(classOf(key) | 0, classOf(key));
  });

  it("who has more than its share gives to who has less, but not back and forth", () => {
    const eight = { max: 4, contenders: 8 };
    assert(isAbove(1, 0, eight));
    const two = { max: 5, contenders: 2 };
    assert(isAbove(5, 0, two));
    assert(isAbove(4, 1, two));
    assert(!isAbove(3, 2, two));
    assert(!isAbove(2, 3, two));
    assert(!isAbove(2, 0, two), "it has no more than its share");
  });

  it("the place held for longest goes first", () => {
    const grace = [0, 10, 100, 1_000, 10_000].map((age) => graceOf(age, 100));
    assertEquals(grace[0], 100);
    assertEquals(grace, grace.toSorted((a, b) => b - a));
  });

  it("who is called for a free place looks at once, the next one later", () => {
    assertEquals([0, 1, 2, 3].map((position) => turnOf(position, 2, 30)), [0, 0, 30, 60]);
  });
});

// The rules of overload and of rests, as functions of data and time.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { backoff, isOverloaded, refillBackoff, retryAfter } from "../pool/rules.ts";

const TARGET = 100;
const INTERVAL = 500;

/** With the pool calm at 0: at that moment, while somebody has waited for that long. */
function overloaded(now: number, longest: number, calm = 0): boolean {
  return isOverloaded({ calm, longest }, now, TARGET, INTERVAL);
}

describe("isOverloaded", () => {
  it("is so once nobody was served within the target for a whole interval, and somebody waits longer", () => {
    assertEquals(overloaded(500, 101), true);
    assertEquals(overloaded(5000, 5000), true);
  });

  it("is not so before the interval is over, however long somebody waits", () => {
    for (const longest of [101, 499, 100_000]) assertEquals(overloaded(499, longest), false);
  });

  it("is not so while nobody waits longer than the target, however long ago it was calm", () => {
    for (const longest of [0, 1, 99, 100]) assertEquals(overloaded(100_000, longest), false);
  });

  it("counts the interval from when it was last calm", () => {
    assertEquals(overloaded(1499, 900, 1000), false);
    assertEquals(overloaded(1500, 900, 1000), true);
  });

  it("of a pool that was never calm is so if somebody waits longer", () => {
    assertEquals([overloaded(0, 101, -Infinity), overloaded(0, 100, -Infinity)], [true, false]);
  });

  it("follows the waits of a queue that gets longer, and of one that gets on", () => {
    // One comes every 10 ms, one is served every `each`: what has the last one waited?
    const firstOverload = (each: number) => {
      let calm = 0;
      let served = 0;
      for (let now = 0; now < 20_000; now += 10) {
        const waited = now - served * 10;
        if (now % each === 0 && waited >= 0) {
          if (waited <= TARGET) calm = now;
          served++;
        }
        if (overloaded(now, now - served * 10, calm)) return now;
      }
      return Infinity;
    };
    assertEquals(firstOverload(10), Infinity);
    const late = firstOverload(20); // twice the load: after 200 ms each waits for over 100
    assert(late >= 700 && late <= 740, `${late}`);
    assert(firstOverload(40) < late);
  });
});

describe("retryAfter", () => {
  it("is one to two intervals, spread by chance, in whole milliseconds", () => {
    assertEquals([0, 0.25, 0.5, 1].map((chance) => retryAfter(500, chance)), [500, 625, 750, 1000]);
    assertEquals(retryAfter(3, 0.1), 4);
    for (let i = 0; i < 100; i++) {
      const after = retryAfter(77, i / 100);
      assert(Number.isInteger(after) && after >= 77 && after <= 154, `${after}`);
    }
  });
});

describe("backoff", () => {
  const rests = (longest: number, chance: number) =>
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((failures) => backoff(failures, longest, chance));

  it("is none after the first failure, up to 50 ms after the second, doubling to the longest", () => {
    assertEquals(rests(5000, 1), [0, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    assertEquals(rests(120, 1), [0, 50, 100, 120, 120, 120, 120, 120, 120, 120]);
    assertEquals(rests(1, 1), [0, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    assertEquals([backoff(0, 5000, 1), backoff(1, 5000, 0.999)], [0, 0]);
  });

  it("is spread by chance over all of it", () => {
    assertEquals(rests(5000, 0.5), [0, 25, 50, 100, 200, 400, 800, 1600, 2500, 2500]);
    assertEquals(backoff(9, 5000, 0.001), 5);
  });

  it("is a millisecond at least, whole, and never over the longest", () => {
    for (let failures = 2; failures < 3000; failures += 7) {
      for (const chance of [0, 1e-12, 0.1234567, 1 - 2 ** -53]) {
        const rest = backoff(failures, 5000, chance);
        assert(Number.isInteger(rest) && rest >= 1 && rest <= 5000, `${failures}: ${rest}`);
      }
    }
  });
});

describe("refillBackoff", () => {
  it("is 100 ms, doubling to 30 s, longer by up to a quarter by chance", () => {
    const rests = [1, 2, 3, 4, 5, 6, 7, 8].map((failures) => refillBackoff(failures, 0));
    assertEquals(rests, [100, 200, 400, 800, 1600, 3200, 6400, 12_800]);
    assertEquals([refillBackoff(1, 1), refillBackoff(2, 0.5)], [125, 225]);
  });

  it("is never over 30 s, and still spread there", () => {
    assertEquals(refillBackoff(40, 1), 30_000);
    assertEquals(refillBackoff(5000, 1), 30_000);
    assertEquals(refillBackoff(40, 0), 24_000);
  });
});

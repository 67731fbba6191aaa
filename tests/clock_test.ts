// The pool's clock: what timers tell it.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Clock } from "../pool/clock.ts";

const DELAY = 10;

/** A timer that was started now, and fires earlier by `early` ms, in no time. */
function fire(clock: Clock, early: number, skip: (ms: number) => void): void {
  const at = clock.awake() + DELAY;
  skip(DELAY + clock.lead - early);
  clock.reach(at, 0);
  assert(clock.awake() >= at, "it is behind a timer that has fired");
}

describe("the pool's clock", () => {
  it("does not run ahead, however many timers fire a little early", () => {
    const real = performance.now;
    let skipped = 0;
    performance.now = () => real.call(performance) + skipped;
    try {
      const clock = new Clock();
      for (let i = 0; i < 1_000; i++) fire(clock, 0.9, (ms) => skipped += ms);
      assert(clock.awake() - performance.now() <= 2);
    } finally {
      performance.now = real;
    }
  });

  it("follows timers that a test fakes, by whatever they are ahead", () => {
    const real = performance.now;
    performance.now = () => 0;
    try {
      const clock = new Clock();
      const due = clock.awake() + 60_000;
      clock.reach(due, 0);
      for (let i = 1; i <= 10; i++) clock.reach(due + i, 0);
      assertEquals(clock.awake() - due, 10);
    } finally {
      performance.now = real;
    }
  });
});

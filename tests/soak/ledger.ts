// The ledger of a soak: all that is seen of a pool from outside, and what is wrong with it.

import type { PoolStats } from "../../mod.ts";

/** A runtime's timer may fire so much early, in ms. */
const EARLY = 2;

/** A place under `maxSize`. */
export interface Place {
  /** Again changes nothing. */
  free(): void;
}

/** Something to lend. */
export class Thing {
  readonly n: number;
  readonly place: Place;
  state: "open" | "closed" | "detached" = "open";
  /** Which task has it. */
  holder: number | undefined;
  /** When `getter` was last called: it was lent no earlier, and its borrower may hear of it late. */
  greeted = 0;
  /** When it may be taken away from that one. */
  until = Infinity;

  constructor(n: number, place: Place) {
    this.n = n;
    this.place = place;
  }

  toString(): string {
    return `thing ${this.n}`;
  }
}

/** The first faults are kept; what the pool still has, and no more: the heap is watched. */
export class Ledger {
  maxSize: number;
  /** How long a borrower may have a thing. */
  readonly patience: number;
  readonly faults: string[] = [];
  /** Made, and neither closed nor detached. */
  readonly open = new Set<Thing>();
  /** What came of all that asked. */
  readonly counted = { lent: 0, aborted: 0, late: 0, full: 0, failed: 0 };
  readonly totals = { asked: 0, made: 0, closed: 0, detached: 0, doubleReturns: 0, forgotten: 0 };
  #places = 0;
  /** The most there were at once. */
  most = 0;

  constructor(maxSize: number, patience: number) {
    this.maxSize = maxSize;
    this.patience = patience;
  }

  expect(condition: boolean, what: () => string): void {
    if (!condition && this.faults.length < 10) this.faults.push(what());
  }

  // ---- things

  /** Something begins to be made. */
  enter(): Place {
    this.expect(
      this.#places < this.maxSize,
      () => `${this.#places} there are, and one more is made`,
    );
    this.most = Math.max(this.most, ++this.#places);
    let taken = true;
    return {
      free: () => {
        if (taken) this.#places--;
        taken = false;
      },
    };
  }

  made(n: number, place: Place): Thing {
    const thing = new Thing(n, place);
    this.totals.made++;
    this.open.add(thing);
    return thing;
  }

  lend(thing: Thing, task: number): void {
    const { state, holder } = thing;
    this.expect(state === "open", () => `${thing} is lent to ${task}, and is ${state}`);
    this.expect(holder === undefined, () => `${thing} is lent to ${task}, and ${holder} has it`);
    thing.holder = task;
    thing.until = thing.greeted + this.patience - EARLY;
    this.counted.lent++;
  }

  /** Its borrower is done with it; false if it was taken away meanwhile. */
  giveBack(thing: Thing, task: number): boolean {
    if (thing.state !== "open") return false;
    this.expect(thing.holder === task, () => `${thing} of ${task} has gone to ${thing.holder}`);
    thing.holder = undefined;
    return true;
  }

  /** Nobody will give it back. */
  forget(thing: Thing): void {
    this.totals.forgotten++;
    thing.until = 0;
  }

  detach(thing: Thing): void {
    thing.state = "detached";
    this.totals.detached++;
    this.#leave(thing);
    thing.place.free();
  }

  /** `closer` is called. */
  closing(thing: Thing): void {
    const { state, holder, until } = thing;
    this.expect(state === "open", () => `${thing} is closed, and is ${state}`);
    const due = holder === undefined || performance.now() >= until;
    const early = Math.ceil(until - performance.now());
    this.expect(due, () => `${thing} is closed ${early} ms early, and ${holder} has it`);
    thing.state = "closed";
    this.totals.closed++;
    this.#leave(thing);
  }

  #leave(thing: Thing): void {
    thing.holder = undefined;
    this.open.delete(thing);
  }

  // ---- sums

  /** What the pool says of itself adds up. */
  check(stats: PoolStats): void {
    const { size, available, using, creating, closing, created, closed, detached } = stats;
    const text = () => JSON.stringify({ ...stats, config: 0, objects: 0 });
    this.expect(size === available + using + creating + closing, text);
    this.expect(created === available + using + closing + closed + detached, text);
    this.expect(stats.hkErrors === 0, text);
  }

  /** All is over. */
  checkEnd(stats: PoolStats): void {
    this.check(stats);
    const { asked, made, closed, detached, doubleReturns } = this.totals;
    const expected = { size: 0, waiting: 0, created: made, closed, detached, doubleReturns };
    for (const [name, value] of Object.entries(expected)) {
      const found = stats[name as keyof typeof expected];
      this.expect(found === value, () => `${name} is ${found}, not ${value}`);
    }
    const ended = stats.gets + stats.aborted + stats.timeouts + stats.rejected;
    this.expect(ended === asked, () => `${asked} asked, and ${ended} have an answer`);
    this.expect(this.open.size === 0, () => `${this.open.size} were made, and never closed`);
  }
}

// Queue: the borrowers that wait, in order, with their deadlines and signals.

import { requestBound } from "../context.ts";
import type { Clock } from "./clock.ts";
import { MAX_DELAY, Timer } from "./clock.ts";
import { type Dated, Deadlines } from "./deadlines.ts";
import type { Borrower } from "./entry.ts";
import { List, type Node } from "./list.ts";
import { Signals } from "./signals.ts";

/** How long an object may be out, while others wait, before the pool looks after its loan, in ms. */
const TICK = 50;

/** Settles a promise; a thenable that rejects makes it reject. */
export type Resolve<R> = { resolve(value: R | PromiseLike<R>): void }["resolve"];

/** What a borrower gets: a lease, a loan of the bare object, or the loan of a `use`. */
export type Kind = "lease" | "loan" | "use";

/** What a borrower asks for; all that ask for nothing of their own share one. */
export interface Terms {
  readonly kind: Kind;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  readonly borrower: Borrower | undefined;
  /** When it came, by `clock.awake()`; undefined unless somebody observes. */
  readonly begun: number | undefined;
}

/**
 * One borrower that waits. It keeps no `reject`, and what it has in common with others it shares: at
 * some hundred thousand of them each word counts.
 */
export class Waiter<R> implements Node, Dated {
  declare prev: Node | undefined;
  declare next: Node | undefined;
  declare list: List<Node> | undefined;
  declare readonly resolve: Resolve<R>;
  declare readonly terms: Terms;
  /** When it gives up, by `clock.awake()`; a whole number takes no box on the heap. 0: never. */
  declare due: number;
  declare slot: number;
  /** Its turn: the lower the earlier. */
  declare turn: number;
  /** How many were queued ahead when it came. */
  declare ahead: number;

  constructor(resolve: Resolve<R>, terms: Terms) {
    this.prev = undefined;
    this.next = undefined;
    this.list = undefined;
    this.resolve = resolve;
    this.terms = terms;
    this.due = 0;
    this.slot = -1;
    this.turn = 0;
    this.ahead = 0;
  }

  get waits(): boolean {
    return this.list !== undefined;
  }

  reject(error: unknown): void {
    this.resolve(rejecting(error));
  }
}

/** What makes the promise that is resolved with it reject. */
export function rejecting<R>(error: unknown): PromiseLike<R> {
  const failure = { then: (_: unknown, reject: (error: unknown) => void) => reject(error) };
  return failure as unknown as PromiseLike<R>;
}

/** What a queue calls. */
interface Calls<R> {
  /** Their deadlines have passed. */
  late(waiters: Waiter<R>[]): void;
  /** Its signal has aborted. */
  aborted(waiter: Waiter<R>): void;
  /** Somebody waits while an object is out for long. */
  look(): void;
}

/** The waiters of one priority, first come, first served. */
class Lane<R> extends List<Waiter<R>> {
  readonly priority: number;

  constructor(priority: number) {
    super();
    this.priority = priority;
  }
}

/** The highest priority first; within one, first come, first served. */
export class Queue<R> {
  /** How many wait. */
  size = 0;
  /** The turn of the one that came last. */
  turn = 0;
  readonly #calls: Calls<R>;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #usual = new Lane<R>(0);
  /** By priority, the highest first; those without waiters, but for the usual one, are dropped. */
  #lanes: Lane<R>[] = [this.#usual];
  /** Those with a deadline of their own, whose place in the queue does not tell it. */
  readonly #dated = new Deadlines<Waiter<R>>();
  readonly #signals: Signals<Waiter<R>>;
  readonly #timer: Timer;
  /** Those of this turn of the event loop whose deadline is still to be set: all but the first. */
  #fresh: Waiter<R>[] | undefined;
  /** When to look after what is out. */
  #look = Infinity;
  // What the timer was last told: to ask it takes as long as all the rest.
  #armed = Infinity;
  #holds = false;

  constructor(clock: Clock, timeout: number, calls: Calls<R>) {
    this.#calls = calls;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#signals = new Signals((waiter) => calls.aborted(waiter));
    this.#timer = new Timer(clock, () => this.#tick());
  }

  /** A new one, at the end of its priority. */
  push(waiter: Waiter<R>): void {
    const { timeout, signal, priority } = waiter.terms;
    if (signal !== undefined) this.#signals.listen(signal, waiter); // first: it may throw
    const lane = priority === 0 ? this.#usual : this.#lane(priority);
    waiter.turn = ++this.turn;
    waiter.ahead = this.#lanes.length === 1 ? this.size : this.#ahead(priority);
    this.size++;
    lane.push(waiter);
    this.#date(waiter, timeout);
    this.#arm(waiter.due);
  }

  /** The one whose turn it is. */
  get first(): Waiter<R> | undefined {
    return (this.#lanes.length === 1 ? this.#usual : this.#foremost())?.first;
  }

  /** Takes out the one whose turn it is: its promise is to be settled now. */
  shift(): Waiter<R> | undefined {
    if (this.#lanes.length > 1) {
      const { first } = this;
      if (first !== undefined) this.remove(first);
      return first;
    }
    const waiter = this.#usual.shift();
    if (waiter !== undefined) this.#left(waiter);
    return waiter;
  }

  /** Takes one out: its promise is to be settled now. */
  remove(waiter: Waiter<R>): void {
    const lane = waiter.list as unknown as Lane<R>;
    lane.remove(waiter);
    if (lane.size === 0 && lane !== this.#usual) {
      this.#lanes = this.#lanes.filter((one) => one !== lane);
    }
    this.#left(waiter);
  }

  #left(waiter: Waiter<R>): void {
    this.size--;
    if (waiter.slot >= 0) this.#dated.remove(waiter);
    const { signal } = waiter.terms;
    if (signal !== undefined) this.#signals.unlisten(signal, waiter);
    if (this.size === 0) this.#hold(false);
    // Something may have been lent, which is to be looked after.
    else if (this.#look === Infinity) this.#arm(0);
  }

  /** All of them, in order. */
  all(): Waiter<R>[] {
    return this.#lanes.flatMap((lane) => [...lane]);
  }

  /** The one that came first of all. */
  get oldest(): Waiter<R> | undefined {
    if (this.#lanes.length === 1) return this.#usual.first;
    return this.#lanes.map(({ first }) => first).filter((first) => first !== undefined)
      .sort((a, b) => a.turn - b.turn)[0];
  }

  stop(): void {
    this.#armed = Infinity;
    this.#timer.stop();
  }

  #foremost(): Lane<R> | undefined {
    return this.#lanes.find(({ size }) => size > 0);
  }

  /** Few priorities are in use at a time: a sorted array is good enough. */
  #lane(priority: number): Lane<R> {
    const lanes = this.#lanes;
    let low = 0;
    for (let high = lanes.length; low < high;) {
      const middle = (low + high) >> 1;
      if (lanes[middle]!.priority > priority) low = middle + 1;
      else high = middle;
    }
    const there = lanes[low];
    if (there?.priority === priority) return there;
    const lane = new Lane<R>(priority);
    this.#lanes = [...lanes.slice(0, low), lane, ...lanes.slice(low)];
    return lane;
  }

  #ahead(priority: number): number {
    let ahead = 0;
    for (const lane of this.#lanes) if (lane.priority >= priority) ahead += lane.size;
    return ahead;
  }

  #date(waiter: Waiter<R>, timeout: number): void {
    const usual = timeout === this.#timeout;
    if (usual && this.#fresh !== undefined) this.#fresh.push(waiter);
    else if (timeout > 0) {
      waiter.due = Math.ceil(this.#clock.awake() + timeout);
      if (usual) this.#beginTurn();
      else this.#dated.add(waiter);
    }
  }

  /** Reading the clock takes as long as all the rest: so it is read but once for the others. */
  #beginTurn(): void {
    this.#fresh = [];
    if (this.#timer.at === Infinity) this.#armed = Infinity; // asked once a turn: fakes may have gone
    void Promise.resolve().then(() => this.#dateFresh());
  }

  /** They may give up later by what is left of the turn, in which nothing could reach them; no earlier. */
  #dateFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = undefined;
    if (fresh === undefined || fresh.length === 0) return;
    const due = Math.ceil(this.#clock.awake() + this.#timeout);
    for (const waiter of fresh) waiter.due = due;
  }

  /** Sees to it that the timer fires by `due`, and that what is out is looked after. */
  #arm(due: number): void {
    if (this.#look === Infinity) {
      this.#look = this.#clock.awake() + TICK;
      due = due > 0 ? Math.min(due, this.#look) : this.#look;
    }
    if (due > 0 && due < this.#armed) this.#start(due);
    else if (!this.#holds) this.#hold(true);
  }

  /** Whether the process stays up for those who wait. */
  #hold(on: boolean): void {
    this.#holds = on;
    this.#timer.keepAlive(on);
  }

  #start(due: number): void {
    this.#armed = due;
    this.#holds = true;
    this.#timer.start(Math.min(Math.max(due - this.#clock.awake(), 1), MAX_DELAY), true);
  }

  #tick(): void {
    this.#armed = Infinity;
    this.#dateFresh();
    const now = this.#clock.awake();
    if (now >= this.#look) {
      this.#look = Infinity;
      if (this.size > 0) this.#calls.look();
      this.#dateFresh(); // a hook may have borrowed meanwhile
    }
    const late = [
      ...this.#dated.until(now),
      ...this.#lanes.flatMap((lane) => this.#late(lane, now)),
    ];
    if (late.length > 0) this.#calls.late(late);
    const next = Math.min(this.#next(), this.#look);
    // Somebody who waits keeps the process alive, also without a deadline; but Workers, which tell one
    // who waits in vain, must not be kept from that.
    if (this.size === 0) this.#look = Infinity;
    else if (next < Infinity || !requestBound) this.#start(next);
  }

  /** In a lane, those with the pool's own timeout are in the order of their deadlines. */
  #late(lane: Lane<R>, now: number): Waiter<R>[] {
    const late: Waiter<R>[] = [];
    if (this.#timeout === 0) return late;
    for (const waiter of lane) {
      if (waiter.terms.timeout !== this.#timeout) continue;
      if (waiter.due > now) break;
      late.push(waiter);
    }
    return late;
  }

  /** When the next deadline is. */
  #next(): number {
    this.#dateFresh(); // a hook may have had some come since
    let next = this.#dated.first?.due ?? Infinity;
    if (this.#timeout === 0) return next;
    for (const lane of this.#lanes) {
      for (const waiter of lane) {
        if (waiter.terms.timeout !== this.#timeout) continue;
        next = Math.min(next, waiter.due);
        break;
      }
    }
    return next;
  }
}

// Queue: the waiters in order, with their deadlines and signals.

import { requestBound } from "../context.ts";
import type { Clock } from "./clock.ts";
import { MAX_DELAY, Timer } from "./clock.ts";
import { type Dated, Deadlines } from "./deadlines.ts";
import type { Borrower } from "./entry.ts";
import { List, type Node } from "./list.ts";
import type { Earlier } from "./options.ts";
import { Signals } from "./signals.ts";

/** How long a waiter waits, in ms, before the pool looks at the loans. */
const TICK = 50;

/** How many waiters are refused at once. The event loop gets its turn before the next ones. */
const BATCH = 1_000;

/** Settles a promise. A thenable that rejects makes the promise reject. */
export type Resolve<R> = { resolve(value: R | PromiseLike<R>): void }["resolve"];

/** What a borrower gets: a lease, a loan of the bare object, or the loan of a `use`. */
export type Kind = "lease" | "loan" | "use";

/** What a borrower asks for. All borrowers without options share one. */
export interface Terms {
  readonly kind: Kind;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly priority: number;
  readonly borrower: Borrower | undefined;
  /** When it came, by `clock.awake()`; undefined unless somebody observes. */
  readonly begun: number | undefined;
  /** What it waited for before it came to this pool. */
  readonly earlier: Earlier | undefined;
}

/**
 * A borrower that waits. It keeps no `reject`, and shares what it has in common with others: with a
 * hundred thousand waiters each word counts.
 */
export class Waiter<R> implements Node, Dated {
  declare prev: Node | undefined;
  declare next: Node | undefined;
  declare list: List<Node> | undefined;
  declare readonly resolve: Resolve<R>;
  declare readonly terms: Terms;
  /** When it came, by `clock.awake()`; a whole number takes no box on the heap. -1: not known (yet). */
  declare begun: number;
  declare slot: number;
  /** Its turn: the lower the earlier. */
  declare turn: number;
  /** How many waited when it came. */
  declare ahead: number;

  constructor(resolve: Resolve<R>, terms: Terms) {
    this.prev = undefined;
    this.next = undefined;
    this.list = undefined;
    this.resolve = resolve;
    this.terms = terms;
    this.begun = -1;
    this.slot = -1;
    this.turn = 0;
    this.ahead = 0;
  }

  /** When it gives up. */
  get due(): number {
    const { timeout } = this.terms;
    return timeout > 0 ? this.begun + timeout : Infinity;
  }

  get waits(): boolean {
    return this.list !== undefined;
  }

  reject(error: unknown): void {
    this.resolve(rejecting(error));
  }
}

/** A promise that is resolved with this rejects. */
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
  /** Nobody waits any more. */
  emptied(): void;
}

/** The waiters of one priority, in the order in which they came. */
class Lane<R> extends List<Waiter<R>> implements Dated {
  readonly priority: number;
  /** In a heap of lanes the highest priority is first. */
  readonly due: number;
  slot = -1;

  constructor(priority: number) {
    super();
    this.priority = priority;
    this.due = -priority;
  }
}

/** The highest priority is served first; within one, the oldest waiter, or the newest. */
export class Queue<R> {
  /** How many wait. */
  size = 0;
  /** The turn of the one that came last. */
  turn = 0;
  /** Within one priority. */
  newestFirst = false;
  readonly #calls: Calls<R>;
  readonly #clock: Clock;
  readonly #timeout: number;
  /** Whether it must be known of each when it came. */
  readonly #sheds: boolean;
  readonly #usual = new Lane<R>(0);
  /** Those of other priorities that have waiters; most often there is none. */
  readonly #lanes = new Map<number, Lane<R>>();
  readonly #ranks = new Deadlines<Lane<R>>();
  /** The one that came first of all, when that was last looked for; nobody comes before it. */
  #oldest: Waiter<R> | undefined;
  /** Those whose place in the queue does not tell when their deadline is. */
  readonly #dated = new Deadlines<Waiter<R>>();
  readonly #signals: Signals<Waiter<R>>;
  readonly #timer: Timer;
  /** The turn from which on the usual ones are still to be dated: they came in this turn of the event loop. */
  #fresh = Infinity;
  /** When to look after what is out. */
  #look = Infinity;
  // The last state given to the timer: to read it there takes as long as all the rest.
  #armed = Infinity;
  #holds = false;

  /** `sheds`: it must be known of each when it came, and `calls` hear when nobody waits any more. */
  constructor(clock: Clock, timeout: number, sheds: boolean, calls: Calls<R>) {
    this.#sheds = sheds;
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
    waiter.ahead = this.size++;
    lane.push(waiter);
    if (timeout > 0 || this.#sheds) this.#date(waiter, timeout, lane);
    this.#arm(waiter.begun < 0 ? Infinity : waiter.due);
  }

  /** The one whose turn it is. */
  get next(): Waiter<R> | undefined {
    const lane = this.#lanes.size === 0 ? this.#usual : this.#foremost();
    return this.newestFirst ? lane.last : lane.first;
  }

  /** Takes out the one whose turn it is: its promise is to be settled now. */
  shift(): Waiter<R> | undefined {
    if (this.#lanes.size > 0 || this.newestFirst) {
      const { next } = this;
      if (next !== undefined) this.remove(next);
      return next;
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
      this.#lanes.delete(lane.priority);
      this.#ranks.remove(lane);
    }
    this.#left(waiter);
  }

  #left(waiter: Waiter<R>): void {
    this.size--;
    if (waiter.slot >= 0) this.#dated.remove(waiter);
    const { signal } = waiter.terms;
    if (signal !== undefined) this.#signals.unlisten(signal, waiter);
    if (this.size === 0) this.#emptied();
    // An object may have been lent: the pool has to look at its loan.
    else if (this.#look === Infinity) this.#arm(Infinity);
  }

  #emptied(): void {
    this.#hold(false);
    this.newestFirst = false;
    this.#oldest = undefined;
    if (this.#sheds) this.#calls.emptied();
  }

  /** The highest priority first, within one in the order in which they came. */
  *[Symbol.iterator](): Generator<Waiter<R>> {
    const lanes = [...this.#lanes.values(), this.#usual];
    for (const lane of lanes.sort((a, b) => b.priority - a.priority)) yield* lane;
  }

  /** All of them, in that order. */
  all(): Waiter<R>[] {
    return this.#lanes.size === 0 ? [...this.#usual] : [...this];
  }

  /** Whether there is one such as that. */
  some(is: (waiter: Waiter<R>) => boolean): boolean {
    for (const lane of [this.#usual, ...this.#lanes.values()]) {
      for (const waiter of lane) if (is(waiter)) return true;
    }
    return false;
  }

  /** The one that came first of all. */
  get oldest(): Waiter<R> | undefined {
    this.#dateFresh();
    if (this.#lanes.size === 0) return this.#usual.first;
    if (this.#oldest?.waits) return this.#oldest;
    let oldest = this.#usual.first;
    for (const { first } of this.#lanes.values()) {
      if (oldest === undefined || first!.turn < oldest.turn) oldest = first;
    }
    return this.#oldest = oldest;
  }

  /** Those that came by that moment, the lowest priority first; no more than are told at once. */
  by(moment: number): Waiter<R>[] {
    this.#dateFresh();
    const found: Waiter<R>[] = [];
    const lanes = [...this.#lanes.values(), this.#usual];
    for (const lane of lanes.sort((a, b) => a.priority - b.priority)) {
      for (const waiter of lane) {
        if (waiter.begun > moment) break;
        if (found.push(waiter) === BATCH) return found;
      }
    }
    return found;
  }

  stop(): void {
    this.#armed = Infinity;
    this.#timer.stop();
  }

  /** Those of the highest priority; there are others than the usual one. */
  #foremost(): Lane<R> {
    const first = this.#ranks.first!;
    return this.#usual.size > 0 && first.priority < 0 ? this.#usual : first;
  }

  #lane(priority: number): Lane<R> {
    let lane = this.#lanes.get(priority);
    if (lane === undefined) {
      lane = new Lane(priority);
      this.#lanes.set(priority, lane);
      this.#ranks.add(lane);
    }
    return lane;
  }

  #date(waiter: Waiter<R>, timeout: number, lane: Lane<R>): void {
    const inOrder = timeout === this.#timeout && lane === this.#usual;
    if (inOrder && this.#fresh < Infinity) return;
    waiter.begun = Math.ceil(this.#clock.awake());
    if (inOrder) this.#beginTurn();
    else if (timeout > 0) this.#dated.add(waiter);
  }

  /** Reading the clock takes as long as all the rest: so it is read but once for the others. */
  #beginTurn(): void {
    this.#fresh = this.turn + 1;
    if (this.#timer.at === Infinity) this.#armed = Infinity; // asked once a turn: fakes may have gone
    void Promise.resolve().then(() => this.#dateFresh());
  }

  /** They may give up later by what is left of the turn, in which nothing could reach them; no earlier. */
  #dateFresh(): void {
    const fresh = this.#fresh;
    this.#fresh = Infinity;
    if (fresh > this.turn) return;
    const now = Math.ceil(this.#clock.awake());
    let waiter = this.#usual.last;
    for (; waiter !== undefined && waiter.turn >= fresh; waiter = waiter.prev as typeof waiter) {
      if (waiter.begun < 0) waiter.begun = now;
    }
  }

  /** Sees to it that the timer fires by `due`, and that what is out is looked after. */
  #arm(due: number): void {
    if (this.#look === Infinity) {
      this.#look = this.#clock.awake() + TICK;
      due = Math.min(due, this.#look);
    }
    if (due < this.#armed) this.#start(due);
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
    const late = [...this.#dated.until(now), ...this.#late(now)];
    if (late.length > 0) this.#calls.late(late.slice(0, BATCH));
    const next = Math.min(this.#next(), this.#look);
    // A waiter keeps the process alive, also without a deadline. Not on Workers: they end a request that
    // waits in vain, and a timer would prevent that.
    if (this.size === 0) this.#look = Infinity;
    else if (next < Infinity || !requestBound) this.#start(next);
  }

  /** Of the usual ones; these are in the order of their deadlines. */
  #late(now: number): Waiter<R>[] {
    const late: Waiter<R>[] = [];
    if (this.#timeout === 0) return late;
    for (const waiter of this.#usual) {
      if (waiter.terms.timeout !== this.#timeout) continue;
      if (waiter.due > now || late.length === BATCH) break;
      late.push(waiter);
    }
    return late;
  }

  /** When the next deadline is. */
  #next(): number {
    this.#dateFresh(); // a hook may have had some come since
    const next = this.#dated.first?.due ?? Infinity;
    if (this.#timeout === 0) return next;
    for (const waiter of this.#usual) {
      if (waiter.terms.timeout === this.#timeout) return Math.min(next, waiter.due);
    }
    return next;
  }
}

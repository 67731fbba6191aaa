// WaitQueue: the `get`s that wait, in order, with their deadlines and signals.

import { requestBound } from "../context.ts";
import type { Clock } from "./clock.ts";
import { MAX_DELAY, Timer } from "./clock.ts";
import { type Dated, Deadlines } from "./deadlines.ts";
import { List, type Node } from "./list.ts";
import { Signals } from "./signals.ts";

/** How long an object may be out, while others wait, before the pool looks after its lease, in ms. */
const TICK = 50;

/** Settles a promise; a thenable that rejects makes it reject. */
export type Resolve<R> = { resolve(value: R | PromiseLike<R>): void }["resolve"];

/** What a `get` asks for; all that ask for nothing of their own share one. */
export interface Terms {
  /** Whether it is for `use`, which takes the entry itself. */
  readonly bare: boolean;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/**
 * One waiting `get`. It keeps no `reject`, and what it has in common with others it shares: at some
 * hundred thousand of them each word counts.
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
  /** How many were queued when it came. */
  declare ahead: number;
  declare state: "queued" | "served" | "held" | "settled";
  /** How many fresh objects in a row have turned out unfit for it. */
  declare unfit: number;

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
    this.state = "queued";
    this.unfit = 0;
  }

  reject(error: unknown): void {
    const failure = { then: (_: unknown, reject: (error: unknown) => void) => reject(error) };
    this.resolve(failure as unknown as PromiseLike<R>);
  }
}

/** Who is told what happens to the waiters. */
export interface Watcher<R> {
  /** Its deadline has passed. */
  late(waiter: Waiter<R>): void;
  /** Its signal has aborted. */
  aborted(waiter: Waiter<R>): void;
  /** Somebody waits while an object has been out for a while. */
  look(): void;
}

/** First come, first served. */
export class WaitQueue<R> {
  readonly #watcher: Watcher<R>;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #list = new List<Waiter<R>>();
  /** Those served in vain; their turn comes before that of all who never were. */
  readonly #restored = new List<Waiter<R>>();
  /** Those who are being served, which takes time. */
  readonly #held = new List<Waiter<R>>();
  /** Those whose place in the queue does not tell their deadline: held, or with one of their own. */
  readonly #dated = new Deadlines<Waiter<R>>();
  readonly #signals: Signals<Waiter<R>>;
  readonly #timer: Timer;
  /** Those of this turn of the event loop whose deadline is still to be set: all but the first. */
  #fresh: Waiter<R>[] | undefined;
  /** When to look after what is out. */
  #look = Infinity;
  #turns = 0;

  constructor(watcher: Watcher<R>, clock: Clock, timeout: number) {
    this.#watcher = watcher;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#signals = new Signals((waiter) => watcher.aborted(waiter));
    this.#timer = new Timer(clock, () => this.#tick());
  }

  /** How many are queued. */
  get queued(): number {
    return this.#list.size + this.#restored.size;
  }

  /** How many there are, with those who are being served. */
  get size(): number {
    return this.queued + this.#held.size;
  }

  /** A new one, at the end. */
  push(waiter: Waiter<R>): void {
    this.#enter(waiter);
    this.#list.push(waiter);
    if (waiter.terms.timeout !== this.#timeout && waiter.due > 0) this.#dated.add(waiter);
    this.#arm(waiter.due);
  }

  /** A new one that is being served already. */
  pushHeld(waiter: Waiter<R>): void {
    this.#enter(waiter);
    this.hold(waiter);
    this.#arm(waiter.due);
  }

  /** Takes out the one whose turn it is, to be served; `settle`, `hold` or `restore` it. */
  shift(): Waiter<R> | undefined {
    const waiter = this.#restored.shift() ?? this.#list.shift();
    if (waiter !== undefined) waiter.state = "served";
    return waiter;
  }

  /** Serving it will take time, during which its deadline holds. */
  hold(waiter: Waiter<R>): void {
    if (waiter.due === 0) this.#dateFresh();
    waiter.state = "held";
    this.#held.push(waiter);
    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);
  }

  /** Could not be served after all: it gets its turn back. */
  restore(waiter: Waiter<R>): void {
    if (waiter.state === "held") this.#held.remove(waiter);
    waiter.state = "queued";
    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);
    let last = this.#restored.last;
    let next: Waiter<R> | undefined;
    while (last !== undefined && last.turn > waiter.turn) {
      next = last;
      last = last.prev as Waiter<R> | undefined;
    }
    this.#restored.insert(waiter, next);
  }

  /** It is done with, one way or the other: its promise is to be settled now. */
  settle(waiter: Waiter<R>): void {
    waiter.list?.remove(waiter);
    waiter.state = "settled";
    if (waiter.slot >= 0) this.#dated.remove(waiter);
    const { signal } = waiter.terms;
    if (signal !== undefined) this.#signals.unlisten(signal, waiter);
    if (this.size === 0) this.#timer.keepAlive(false);
    // Something may have been lent, which is to be looked after.
    else if (this.#look === Infinity) this.#arm(0);
  }

  /** All of them, in order. */
  all(): Waiter<R>[] {
    return [...this.#held, ...this.#restored, ...this.#list];
  }

  stop(): void {
    this.#timer.stop();
  }

  #enter(waiter: Waiter<R>): void {
    waiter.turn = ++this.#turns;
    waiter.ahead = this.queued;
    const { timeout, signal } = waiter.terms;
    const usual = timeout === this.#timeout;
    if (usual && this.#fresh !== undefined) this.#fresh.push(waiter);
    else if (timeout > 0) {
      waiter.due = Math.ceil(this.#clock.awake() + timeout);
      if (usual) this.#beginTurn();
    }
    if (signal !== undefined) this.#signals.listen(signal, waiter);
  }

  /** Reading the clock takes as long as all the rest: so it is read but once for the others. */
  #beginTurn(): void {
    this.#fresh = [];
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
    if (due > 0 && due < this.#timer.at) this.#start(due);
    else this.#timer.keepAlive(true);
  }

  #start(due: number): void {
    this.#timer.start(Math.min(Math.max(due - this.#clock.awake(), 1), MAX_DELAY), true);
  }

  #tick(): void {
    this.#dateFresh();
    const now = this.#clock.awake();
    if (now >= this.#look) {
      this.#look = Infinity;
      if (this.size > 0) this.#watcher.look();
    }
    while (this.#dated.first !== undefined && this.#dated.first.due <= now) {
      this.#watcher.late(this.#dated.first);
    }
    const next = Math.min(this.#expire(now), this.#dated.first?.due ?? Infinity, this.#look);
    // Somebody who waits keeps the process alive, also without a deadline; but Workers, which tell one
    // who waits in vain, must not be kept from that.
    if (this.size === 0) this.#look = Infinity;
    else if (next < Infinity || !requestBound) this.#start(next);
  }

  /** Those with the pool's own timeout are queued in the order of their deadlines. */
  #expire(now: number): number {
    this.#dateFresh(); // a hook may have had some come since
    if (this.#timeout === 0) return Infinity;
    const late: Waiter<R>[] = [];
    let next = Infinity;
    for (const waiter of this.#list) {
      if (waiter.terms.timeout !== this.#timeout) continue;
      if (waiter.due > now) {
        next = waiter.due;
        break;
      }
      late.push(waiter);
    }
    for (const waiter of late) if (waiter.state === "queued") this.#watcher.late(waiter);
    return next;
  }
}

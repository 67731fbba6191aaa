// WaitQueue: the `get`s that wait, in order, with their deadlines and signals.

import type { Clock } from "./clock.ts";
import { Timer } from "./clock.ts";
import { type Dated, Deadlines } from "./deadlines.ts";
import { List, Node } from "./list.ts";

/** How often, in ms, somebody who waits has the pool look for what was lost. */
const TICK = 50;

/** Settles a promise; a thenable that rejects makes it reject. */
export type Resolve<R> = { resolve(value: R | PromiseLike<R>): void }["resolve"];

/**
 * One waiting `get`. It keeps no `reject`: at some hundred thousand of them each function counts.
 */
export class Waiter<R> extends Node implements Dated {
  readonly resolve: Resolve<R>;
  /** Whether it is for `use`, which takes the entry itself. */
  readonly bare: boolean;
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
  readonly queue: WaitQueue<R>;
  /** When it gives up, by `clock.awake()`. */
  due = Infinity;
  slot = -1;
  /** Its turn: the lower the earlier. */
  turn = 0;
  /** How many were queued when it came. */
  ahead = 0;
  state: "queued" | "served" | "settled" = "queued";
  /** How many fresh objects in a row have turned out unfit for it. */
  unfit = 0;

  constructor(
    queue: WaitQueue<R>,
    resolve: Resolve<R>,
    bare: boolean,
    timeout: number,
    signal: AbortSignal | undefined,
  ) {
    super();
    this.queue = queue;
    this.resolve = resolve;
    this.bare = bare;
    this.timeout = timeout;
    this.signal = signal;
  }

  /** Called by its signal. */
  handleEvent(): void {
    this.queue.watcher.aborted(this);
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
  /** Somebody has been waiting for a while. */
  tick(): void;
}

/** First come, first served. */
export class WaitQueue<R> {
  readonly watcher: Watcher<R>;
  readonly #clock: Clock;
  readonly #timeout: number;
  readonly #list = new List<Waiter<R>>();
  /** Those whose place in the queue does not tell their deadline: served, or with one of their own. */
  readonly #dated = new Deadlines<Waiter<R>>();
  readonly #timer: Timer;
  /** Those whose hooks take time. */
  readonly #held = new Set<Waiter<R>>();
  #turns = 0;

  constructor(watcher: Watcher<R>, clock: Clock, timeout: number) {
    this.watcher = watcher;
    this.#clock = clock;
    this.#timeout = timeout;
    this.#timer = new Timer(clock, () => this.#tick());
  }

  /** How many are queued. */
  get size(): number {
    return this.#list.size;
  }

  /** A new one, at the end. */
  push(waiter: Waiter<R>): void {
    waiter.turn = ++this.#turns;
    waiter.ahead = this.size;
    this.#list.push(waiter);
    const { timeout } = waiter;
    if (timeout > 0) {
      waiter.due = this.#clock.awake() + timeout;
      if (timeout !== this.#timeout) this.#dated.add(waiter);
    }
    waiter.signal?.addEventListener("abort", waiter);
    if (this.#timer.at === Infinity || waiter.due < this.#timer.at) {
      this.#timer.start(timeout > 0 ? Math.min(timeout, TICK) : TICK, true);
    } else this.#timer.keepAlive(true);
  }

  /** Takes out the one whose turn it is, to be served; `settle` or `restore` it. */
  shift(): Waiter<R> | undefined {
    const waiter = this.#list.shift();
    if (waiter !== undefined) waiter.state = "served";
    return waiter;
  }

  /** Serving it will take time, during which its deadline holds. */
  hold(waiter: Waiter<R>): void {
    this.#held.add(waiter);
    if (waiter.due !== Infinity && waiter.slot < 0) this.#dated.add(waiter);
  }

  /** Could not be served after all: it gets its place back. */
  restore(waiter: Waiter<R>): void {
    waiter.state = "queued";
    this.#held.delete(waiter);
    let next = this.#list.first;
    while (next !== undefined && next.turn < waiter.turn) next = next.next as Waiter<R> | undefined;
    this.#list.insert(waiter, next);
    if (waiter.timeout === this.#timeout) this.#dated.remove(waiter);
  }

  /** It is done with, one way or the other: its promise is to be settled now. */
  settle(waiter: Waiter<R>): void {
    if (waiter.state === "queued") this.#list.remove(waiter);
    else this.#held.delete(waiter);
    waiter.state = "settled";
    this.#dated.remove(waiter);
    // Removing a listener may take a walk over all of a signal's: not for one that has fired.
    if (waiter.signal?.aborted === false) waiter.signal.removeEventListener("abort", waiter);
    if (this.#pending === 0) this.#timer.keepAlive(false);
  }

  /** All that wait, in order. */
  all(): Waiter<R>[] {
    return [...this.#held, ...this.#list];
  }

  get #pending(): number {
    return this.#list.size + this.#held.size;
  }

  stop(): void {
    this.#timer.stop();
  }

  #tick(): void {
    if (this.#pending === 0) return;
    this.watcher.tick();
    const now = this.#clock.awake();
    while (this.#dated.first !== undefined && this.#dated.first.due <= now) {
      this.watcher.late(this.#dated.first);
    }
    const next = Math.min(this.#expire(now), this.#dated.first?.due ?? Infinity, now + TICK);
    if (this.#pending > 0) this.#timer.start(Math.max(next - now, 1), true);
  }

  /** Those with the pool's own timeout are queued in the order of their deadlines. */
  #expire(now: number): number {
    if (this.#timeout === 0) return Infinity;
    for (const waiter of this.#list) {
      if (waiter.timeout !== this.#timeout) continue;
      if (waiter.due > now) return waiter.due;
      this.watcher.late(waiter);
    }
    return Infinity;
  }
}

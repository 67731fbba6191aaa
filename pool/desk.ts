// Desk: those who wait for an object, and how they come to it or fail.

import { PoolFullError } from "../errors.ts";
import { isThenable } from "../values.ts";
import type { Clock } from "./clock.ts";
import type { Entry } from "./entry.ts";
import type { Lease } from "./lease.ts";
import type { Settings } from "./options.ts";
import type { Totals } from "./stats.ts";
import { Waiter, WaitQueue } from "./wait_queue.ts";

/** How many fresh objects in a row may turn out unfit before a `get` is told. */
const UNFIT = 3;

/** What a `get` gives; for `use`, which is bare, the entry itself. */
export type Lent<T> = Lease<T> | Entry<T>;

/** Whose objects they are. */
export interface Stock<T> {
  readonly name: string;
  readonly settings: Settings<T>;
  readonly totals: Totals;
  readonly clock: Clock;
  /** How many objects are being made. */
  readonly creating: number;
  /** Takes the most recently returned object that is still good. */
  pick(): Entry<T> | undefined;
  /** Whether hooks let it be lent: throws or rejects if not. */
  check(entry: Entry<T>): unknown;
  lend(entry: Entry<T>): Entry<T>;
  lease(entry: Entry<T>): Lease<T>;
  /** It goes through `retter`, then to whoever is next. */
  giveBack(entry: Entry<T>): Promise<void>;
  /** It is closed, if nobody else has taken it. */
  dismiss(entry: Entry<T>): void;
  /** Has objects made for those who wait. */
  grow(): void;
  /** Why it took so long. */
  explain(waiter: Waiter<Lent<T>>): Error;
  /** Somebody has been waiting for a while. */
  look(): void;
}

/** First come, first served. */
export class Desk<T> {
  readonly #stock: Stock<T>;
  readonly #queue: WaitQueue<Lent<T>>;
  #serving = false;

  constructor(stock: Stock<T>) {
    this.#stock = stock;
    const watcher = {
      late: (waiter: Waiter<Lent<T>>) => this.#late(waiter),
      aborted: (waiter: Waiter<Lent<T>>) => this.#aborted(waiter),
      tick: () => stock.look(),
    };
    this.#queue = new WaitQueue(watcher, stock.clock, stock.settings.timeout);
  }

  /** How many are queued. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** Queues for an object. */
  wait(bare: boolean, timeout: number, signal: AbortSignal | undefined): Promise<Lent<T>> {
    return new Promise((resolve) => {
      const waiter = new Waiter(this.#queue, resolve, bare, timeout, signal);
      this.#queue.push(waiter);
      this.serve();
      if (waiter.state === "queued" && this.#full) this.#fail(waiter, this.#fullError());
    });
  }

  /** Brings together who waits and what is available, then has made what is missing. */
  serve(): void {
    if (this.#serving) return; // called by a hook: the loop below goes on
    this.#serving = true;
    try {
      while (this.#queue.size > 0) {
        const entry = this.#stock.pick();
        if (entry === undefined) break;
        this.offer(entry);
      }
    } finally {
      this.#serving = false;
    }
    this.#stock.grow();
  }

  /** Offers an object in use by nobody to whose turn it is; false if nobody waits. */
  offer(entry: Entry<T>): boolean {
    const waiter = this.#queue.shift();
    if (waiter === undefined) return false;
    try {
      const check = this.#stock.check(entry);
      if (!isThenable(check)) {
        this.#checked(entry, waiter);
        return true;
      }
      this.#queue.hold(waiter);
      check.then(
        () => this.#checked(entry, waiter),
        (error) => this.#unfit(entry, waiter, error),
      );
    } catch (error) {
      this.#unfit(entry, waiter, error);
    }
    return true;
  }

  /** Fails the oldest; false if nobody waits. */
  failOldest(error: unknown): boolean {
    const waiter = this.#queue.shift();
    if (waiter !== undefined) this.#fail(waiter, error);
    return waiter !== undefined;
  }

  /** Fails all, also those that a hook holds up. */
  failAll(error: unknown): void {
    for (const waiter of this.#queue.all()) this.#fail(waiter, error);
  }

  /** Nobody will wait any more. */
  close(): void {
    this.#queue.stop();
  }

  get #full(): boolean {
    const { maxWaiting } = this.#stock.settings;
    return maxWaiting > 0 && this.#queue.size - this.#stock.creating > maxWaiting;
  }

  #deliver(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    this.#queue.settle(waiter);
    waiter.resolve(waiter.bare ? this.#stock.lend(entry) : this.#stock.lease(entry));
  }

  #checked(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    if (waiter.state === "settled") void this.#stock.giveBack(entry);
    else this.#deliver(entry, waiter);
  }

  #unfit(entry: Entry<T>, waiter: Waiter<Lent<T>>, error: unknown): void {
    if (waiter.state !== "settled") {
      if (entry.uses === 0 && ++waiter.unfit >= UNFIT) this.#fail(waiter, error);
      else this.#queue.restore(waiter);
    }
    this.#stock.dismiss(entry);
    this.serve();
  }

  #fail(waiter: Waiter<Lent<T>>, error: unknown): void {
    this.#stock.totals.rejected++;
    this.#settle(waiter, error);
  }

  #aborted(waiter: Waiter<Lent<T>>): void {
    this.#stock.totals.aborted++;
    this.#settle(waiter, waiter.signal!.reason);
  }

  #late(waiter: Waiter<Lent<T>>): void {
    const error = this.#stock.explain(waiter); // by `tracer`, which may do anything
    if (waiter.state === "settled") return;
    this.#stock.totals.timeouts++;
    this.#settle(waiter, error);
  }

  #settle(waiter: Waiter<Lent<T>>, error: unknown): void {
    this.#queue.settle(waiter);
    waiter.reject(error);
  }

  #fullError(): PoolFullError {
    const { name, settings } = this.#stock;
    return new PoolFullError(
      `${name}: ${settings.maxWaiting} others wait already, as many as maxWaiting allows: ` +
        "try again later, or raise maxSize or maxWaiting",
    );
  }
}

// Desk: those who wait for an object, and how they come to it or fail.

import { outside } from "../context.ts";
import { PoolFullError } from "../errors.ts";
import { isThenable } from "../values.ts";
import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";
import type { Exit } from "./exit.ts";
import { outlivedError } from "./explain.ts";
import type { Lease } from "./lease.ts";
import type { Reason } from "./limits.ts";
import type { Returns } from "./returns.ts";
import { type Resolve, type Terms, Waiter, WaitQueue } from "./wait_queue.ts";

/** How many fresh objects in a row may turn out unfit before a `get` is told. */
const UNFIT = 3;

/** What a `get` gives; for `use`, which is bare, the entry itself. */
export type Lent<T> = Lease<T> | Entry<T>;

/** A hook is at work on an object, for somebody to have it. */
export interface Check {
  readonly hook: PromiseLike<unknown>;
  /** It is `getter`, or comes after that. */
  readonly greeted: boolean;
}

/** From where objects are lent. */
export interface Shelf<T> {
  /** Whether hooks have a say in what may be lent. */
  readonly checks: boolean;
  /** Takes the most recently returned object that is within its limits. */
  pick(): Entry<T> | undefined;
  /** Asks for its health, where that is in doubt; rejects if it is not good. */
  examine(entry: Entry<T>): Promise<void> | undefined;
  /** The same once hooks have taken their time, if the program stood still meanwhile. */
  reexamine(entry: Entry<T>): Promise<void> | undefined;
  lend(entry: Entry<T>): Entry<T>;
  lease(entry: Entry<T>): Lease<T>;
}

/** Whose objects they are. */
export interface Stock<T> {
  /** How many objects are being made. */
  readonly creating: number;
  /** It is available again: nobody took it after all. */
  putBack(entry: Entry<T>): void;
  /** Has objects made for those who wait. */
  grow(): void;
  /** Why it took so long. */
  explain(waiter: Waiter<Lent<T>>): Error;
  /** Looks after what is out. */
  look(): void;
}

/** First come, first served. */
export class Desk<T> {
  readonly #core: Core<T>;
  readonly #shelf: Shelf<T>;
  readonly #returns: Returns<T>;
  readonly #exit: Exit<T>;
  readonly #stock: Stock<T>;
  readonly #queue: WaitQueue<Lent<T>>;
  #serving = false;

  constructor(
    core: Core<T>,
    shelf: Shelf<T>,
    returns: Returns<T>,
    exit: Exit<T>,
    stock: Stock<T>,
  ) {
    this.#core = core;
    this.#shelf = shelf;
    this.#returns = returns;
    this.#exit = exit;
    this.#stock = stock;
    const watcher = {
      late: (waiter: Waiter<Lent<T>>) => this.#late(waiter),
      aborted: (waiter: Waiter<Lent<T>>) => this.#aborted(waiter),
      look: () => stock.look(),
    };
    this.#queue = new WaitQueue(watcher, core.clock, core.settings.timeout);
  }

  /** How many wait: queued, or while a hook looks at an object for them. */
  get waiting(): number {
    return this.#queue.size;
  }

  /** How many wait that have no object in view. */
  get queued(): number {
    return this.#queue.queued;
  }

  /** Queues for an object, when there is none to be had at once. */
  wait(terms: Terms): Promise<Lent<T>> {
    const promise = new Promise<Lent<T>>(keepResolver);
    const waiter = newWaiter<T>(terms);
    this.#queue.push(waiter);
    this.#stock.grow();
    if (waiter.state === "queued" && this.#full) this.#fail(waiter, this.#fullError());
    return promise;
  }

  /** Waits for hooks to let `entry` be lent, else queues; `check`: the one under way. */
  waitFor(entry: Entry<T>, check: Check, terms: Terms): Promise<Lent<T>> {
    const promise = new Promise<Lent<T>>(keepResolver);
    const waiter = newWaiter<T>(terms);
    this.#queue.pushHeld(waiter);
    this.#await(entry, waiter, check);
    return promise;
  }

  /** Brings together who waits and what is available, then has made what is missing. */
  serve(): void {
    if (this.#serving) return; // called by a hook: the loop below goes on
    this.#serving = true;
    try {
      while (this.#queue.queued > 0) {
        const entry = this.#shelf.pick();
        if (entry === undefined) break;
        if (!this.offer(entry)) this.#stock.putBack(entry);
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
    if (this.#shelf.checks) this.#check(entry, waiter);
    else this.#checked(entry, waiter);
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
    const { maxWaiting } = this.#core.settings;
    return maxWaiting > 0 && this.queued - this.#stock.creating > maxWaiting;
  }

  #check(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    // A hook may fail all who wait, or have this one give up: it must be among them meanwhile.
    this.#queue.hold(waiter);
    const hook = this.#shelf.examine(entry);
    if (hook === undefined) this.#greet(entry, waiter);
    else this.#await(entry, waiter, { hook, greeted: false });
  }

  #greet(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    if (waiter.state === "settled") return this.#returns.readmit(entry);
    try {
      const hook = this.#core.hooks.run("getter", entry);
      if (isThenable(hook)) this.#await(entry, waiter, { hook, greeted: true });
      else this.#checked(entry, waiter);
    } catch (error) {
      this.#unfit(entry, waiter, error);
    }
  }

  #await(entry: Entry<T>, waiter: Waiter<Lent<T>>, { hook, greeted }: Check): void {
    const then = [
      () => this.#goOn(entry, waiter, greeted),
      (error: unknown) => this.#unfit(entry, waiter, error),
    ] as const;
    outside(() => hook.then(...then)); // the get may have gone by then, and with it its context
  }

  /** After a hook that took its time. */
  #goOn(entry: Entry<T>, waiter: Waiter<Lent<T>>, greeted: boolean): void {
    if (waiter.state !== "settled") {
      if (entry.due < Infinity && this.#core.clock.now() >= entry.due) {
        const error = outlivedError(this.#core, greeted ? "getter" : "health");
        return this.#unfit(entry, waiter, error, "maxLifetime");
      }
      const hook = this.#shelf.reexamine(entry);
      if (hook !== undefined) return this.#await(entry, waiter, { hook, greeted });
    }
    if (greeted) this.#checked(entry, waiter);
    else this.#greet(entry, waiter);
  }

  #checked(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    if (waiter.state === "settled") return void this.#returns.giveBack(entry);
    const lent = waiter.terms.bare ? this.#shelf.lend(entry) : this.#shelf.lease(entry);
    this.#queue.settle(waiter);
    waiter.resolve(lent);
  }

  #unfit(entry: Entry<T>, waiter: Waiter<Lent<T>>, error: unknown, why: Reason = "unfit"): void {
    if (waiter.state !== "settled") {
      // What dies while it is stored says nothing of the next, what gets too old in a hook does.
      const fresh = entry.uses === 0 && (why === "maxLifetime" || !entry.stored);
      waiter.unfit = fresh ? waiter.unfit + 1 : 0;
      if (waiter.unfit >= UNFIT) this.#fail(waiter, error);
      else this.#queue.restore(waiter);
    }
    this.#exit.dismiss(entry, why);
    this.serve();
  }

  #fail(waiter: Waiter<Lent<T>>, error: unknown): void {
    if (waiter.state === "settled") return; // by a hook of one that failed before
    this.#core.totals.rejected++;
    this.#settle(waiter, error);
  }

  #aborted(waiter: Waiter<Lent<T>>): void {
    this.#core.totals.aborted++;
    this.#settle(waiter, waiter.terms.signal!.reason);
  }

  #late(waiter: Waiter<Lent<T>>): void {
    const error = this.#stock.explain(waiter); // by `tracer`, which may do anything
    if (waiter.state === "settled") return;
    this.#core.totals.timeouts++;
    this.#settle(waiter, error);
  }

  #settle(waiter: Waiter<Lent<T>>, error: unknown): void {
    this.#queue.settle(waiter);
    waiter.reject(error);
  }

  #fullError(): PoolFullError {
    const { name, settings } = this.#core;
    return new PoolFullError(
      `${name}: as many wait already as maxWaiting (${settings.maxWaiting}) allows: ` +
        "try again later, or raise maxSize or maxWaiting",
    );
  }
}

let resolver: Resolve<never> | undefined;
const keepResolver = (resolve: Resolve<never>): void => void (resolver = resolve);

/** Of the promise just made; without a closure for each, which would be a sixth of what it takes. */
function newWaiter<T>(terms: Terms): Waiter<Lent<T>> {
  const waiter = new Waiter<Lent<T>>(resolver as Resolve<Lent<T>>, terms);
  resolver = undefined; // it would keep the last lease from collection
  return waiter;
}

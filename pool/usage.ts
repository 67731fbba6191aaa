// Usages: the calls of `use`, and the signals of those whose callback wants one.

import { LeaseError } from "../errors.ts";
import { isThenable } from "../values.ts";
import type { Core } from "./core.ts";
import type { Borrower, Entry, LeaseEnd } from "./entry.ts";
import type { Exit } from "./exit.ts";
import type { Lending } from "./lending.ts";
import type { GetOptions } from "./options.ts";
import type { Returns } from "./returns.ts";
import { Signals } from "./signals.ts";

const { then } = Promise.prototype;

/** What `use` calls. */
export type Use<T, R> = (object: T, signal: AbortSignal) => R | PromiseLike<R>;

/** Lends the objects themselves, each for the length of a call. */
export class Usages<T> {
  readonly #core: Core<T>;
  readonly #lending: Lending<T>;
  readonly #returns: Returns<T>;
  readonly #exit: Exit<T>;
  readonly #signals = new Signals<Usage>((usage) => usage.abort());

  constructor(core: Core<T>, lending: Lending<T>, returns: Returns<T>, exit: Exit<T>) {
    this.#core = core;
    this.#lending = lending;
    this.#returns = returns;
    this.#exit = exit;
  }

  /** Lends an object to `fn`, and takes it back. */
  use<R>(fn: Use<T, R>, options: GetOptions | undefined): Promise<R> {
    // A signal costs more than the rest: only for a callback that can see it.
    const entry = options === undefined && fn.length === 1 ? this.#lending.quick() : undefined;
    return entry === undefined
      ? this.#use(fn, options)
      : this.#useNow(this.#lending.lend(entry), fn);
  }

  /** Without an async function around it, which would cost as much again. */
  #useNow<R>(entry: Entry<T>, fn: Use<T, R>): Promise<R> {
    let result: R | PromiseLike<R>;
    let later: Promise<R> | undefined;
    try {
      result = fn(entry.object, undefined as never);
      if (isThenable(result)) {
        // Not by its own `then`, which might call back twice.
        later = then.call(
          Promise.resolve(result),
          (value) => this.#used(entry, value as R, false),
          (error) => this.#misused(entry, error, false),
        ) as Promise<R>;
      }
    } catch (error) {
      return this.#misused(entry, error, false);
    }
    return later ?? Promise.resolve(this.#used(entry, result as R, false));
  }

  async #use<R>(fn: Use<T, R>, options: GetOptions | undefined): Promise<R> {
    const entry = await this.#lending.acquire("use", options, true) as Entry<T>;
    const signal = options?.signal;
    this.#ensure(entry, signal);
    const usage = fn.length === 1 ? undefined : new Usage(this.#core.name, signal);
    entry.borrower = usage;
    usage?.begin(this.#signals);
    let value: R;
    try {
      value = await fn(entry.object, usage?.signal as AbortSignal);
    } catch (error) {
      return await this.#misused(entry, error, signal?.aborted === true);
    } finally {
      usage?.end(this.#signals);
    }
    return this.#used(entry, value, signal?.aborted === true);
  }

  /** Throws if an object cannot be used after all: others had their turn since it was lent. */
  #ensure(entry: Entry<T>, signal: AbortSignal | undefined): void {
    if (entry.state !== "using") throw takenAway(this.#core.name, "taken away");
    if (!signal?.aborted) return;
    void this.#end(entry, false);
    throw signal.reason;
  }

  #used<R>(entry: Entry<T>, value: R, tainted: boolean): R | Promise<R> {
    const returned = this.#end(entry, tainted);
    return returned === undefined ? value : returned.then(() => value);
  }

  async #misused(entry: Entry<T>, error: unknown, tainted: boolean): Promise<never> {
    const spoilt = this.#core.hooks.spoiltBy(error);
    await this.#end(entry, spoilt || tainted);
    throw error;
  }

  #end(entry: Entry<T>, spoilt: boolean): Promise<void> | undefined {
    if (entry.state !== "using") return undefined; // taken away meanwhile
    entry.borrower = undefined;
    if (!spoilt) return this.#returns.giveBackUsed(entry);
    void this.#exit.retire(entry, "discarded");
    return undefined;
  }
}

/** Aborts its own signal when the caller's does, and when the object is taken away. */
class Usage implements Borrower {
  readonly #aborting = new AbortController();
  readonly #name: string;
  readonly #callers: AbortSignal | undefined;

  constructor(name: string, callers: AbortSignal | undefined) {
    this.#name = name;
    this.#callers = callers;
  }

  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  begin(signals: Signals<Usage>): void {
    if (this.#callers !== undefined) signals.listen(this.#callers, this);
  }

  end(signals: Signals<Usage>): void {
    if (this.#callers !== undefined) signals.unlisten(this.#callers, this);
  }

  /** The caller's signal has aborted. */
  abort(): void {
    this.#aborting.abort(this.#callers?.reason);
  }

  revoke(end: LeaseEnd): void {
    this.#aborting.abort(takenAway(this.#name, end));
  }
}

/** What tells a user of `use` that the object is gone. */
function takenAway(name: string, end: string): LeaseError {
  return new LeaseError(
    `the object that ${name} lent to use() was ${end}: have the callback end sooner`,
  );
}

// Lending: picks an object, has it looked at, and puts it into a borrower's hands.

import { outside } from "../context.ts";
import { isThenable } from "../values.ts";
import { checkGet } from "./check.ts";
import type { Core } from "./core.ts";
import type { Check, Lent, Shelf } from "./desk.ts";
import type { Entry } from "./entry.ts";
import type { Exit } from "./exit.ts";
import { closedError } from "./explain.ts";
import type { Health } from "./health.ts";
import type { Housekeeper } from "./housekeeping.ts";
import { type Lease, Loan } from "./lease.ts";
import { stale } from "./limits.ts";
import type { GetOptions } from "./options.ts";
import type { Returns } from "./returns.ts";
import type { Terms } from "./wait_queue.ts";

/** Where those come in who want an object. */
export interface Lobby<T> {
  /** Whether the pool has started. */
  readonly open: boolean;
  /** Whether it is being shut down. */
  readonly ended: boolean;
  /** Starts it, unless it has. */
  start(): void;
  /** It is available again: nobody took it after all. */
  putBack(entry: Entry<T>): void;
  /** There may be something for those who wait. */
  serve(): void;
  /** Queues for an object, when there is none to be had at once. */
  wait(terms: Terms): Promise<Lent<T>>;
  /** Waits for hooks to let `entry` be lent, else queues; `check`: the one under way. */
  waitFor(entry: Entry<T>, check: Check, terms: Terms): Promise<Lent<T>>;
}

/** The parts of the pool that lending has to do with. */
interface Parts<T> {
  health: Health<T>;
  housekeeper: Housekeeper<T>;
  exit: Exit<T>;
  returns: Returns<T>;
}

/** From what is available to whoever comes. */
export class Lending<T> implements Shelf<T> {
  readonly #core: Core<T>;
  readonly #lobby: Lobby<T>;
  readonly #health: Health<T>;
  readonly #housekeeper: Housekeeper<T>;
  readonly #exit: Exit<T>;
  readonly #returns: Returns<T>;
  readonly #usualGet: Terms;
  readonly #usualUse: Terms;
  /** No hook has a say in what may be lent. */
  #plain: boolean;

  constructor(core: Core<T>, lobby: Lobby<T>, { health, housekeeper, exit, returns }: Parts<T>) {
    const { settings } = core;
    this.#core = core;
    this.#lobby = lobby;
    this.#health = health;
    this.#housekeeper = housekeeper;
    this.#exit = exit;
    this.#returns = returns;
    this.#usualGet = { bare: false, timeout: settings.timeout, signal: undefined };
    this.#usualUse = { ...this.#usualGet, bare: true };
    this.#plain = settings.getter === undefined && settings.health === undefined;
  }

  get checks(): boolean {
    return !this.#plain;
  }

  /** The pool ends: whoever comes is to be refused. */
  end(): void {
    this.#plain = false;
  }

  /** What is available, if that can be lent without further ado. */
  quick(): Entry<T> | undefined {
    return this.#plain ? this.pick() : undefined;
  }

  /** `get` without options: no more than it takes where no option in force asks for more. */
  get(): Promise<Lease<T>> {
    const entry = this.quick();
    if (entry !== undefined) return Promise.resolve(this.lease(entry));
    // Asked afterwards: a hook of what was closed on the way may have ended the pool.
    const given = this.#plain && this.#lobby.open
      ? this.#lobby.wait(this.#usualGet)
      : this.acquire("get", undefined, false);
    return given as Promise<Lease<T>>;
  }

  /** What `get` does otherwise; `bare`: for `use`. */
  acquire(method: string, options: GetOptions | undefined, bare: boolean): Promise<Lent<T>> {
    try {
      if (options !== undefined) checkGet(method, options);
    } catch (error) {
      return Promise.reject(error);
    }
    const terms = this.#termsOf(options, bare);
    const { signal } = terms;
    let refusal = this.#refusal(signal);
    if (refusal === undefined && !this.#lobby.open) {
      this.#lobby.start(); // its `fun` may do anything
      refusal = this.#refusal(signal);
    }
    if (refusal !== undefined) return Promise.reject(refusal.reason);
    for (;;) {
      const entry = this.pick();
      const refusal = this.#refusal(signal); // `closer`, of what was closed on the way, does anything
      if (refusal !== undefined) {
        if (entry !== undefined) this.#leave(entry);
        return Promise.reject(refusal.reason);
      }
      if (entry === undefined) return this.#lobby.wait(terms);
      const lent = this.#plain ? this.#lend(entry, bare) : this.#check(entry, terms);
      if (lent !== undefined) return lent;
    }
  }

  /** Lends it, at once or later, unless a hook says at once that it is not to be lent. */
  #check(entry: Entry<T>, terms: Terms): Promise<Lent<T>> | undefined {
    const health = this.examine(entry);
    const greeted = health === undefined;
    let hook: unknown = health;
    try {
      if (greeted) hook = this.#core.hooks.run("getter", entry);
    } catch {
      this.#exit.dismiss(entry);
      return undefined;
    }
    const refusal = this.#refusal(terms.signal); // hooks do anything
    if (refusal !== undefined) {
      this.#putAway(entry, hook, greeted);
      return Promise.reject(refusal.reason);
    }
    if (isThenable(hook)) return this.#lobby.waitFor(entry, { hook, greeted }, terms);
    return this.#lend(entry, terms.bare);
  }

  #lend(entry: Entry<T>, bare: boolean): Promise<Lent<T>> {
    return Promise.resolve(bare ? this.lend(entry) : this.lease(entry));
  }

  #termsOf(options: GetOptions | undefined, bare: boolean): Terms {
    if (options === undefined) return bare ? this.#usualUse : this.#usualGet;
    return { bare, timeout: options.timeout ?? this.#usualGet.timeout, signal: options.signal };
  }

  /** Nothing was done with it: it is as long unused as it was. */
  #leave(entry: Entry<T>): void {
    this.#lobby.putBack(entry);
    this.#lobby.serve();
  }

  /** It goes back once `hook` is done: through `retter`, if `getter` was called for it. */
  #putAway(entry: Entry<T>, hook: unknown, greeted: boolean): void {
    const back = () => greeted ? this.#returns.giveBack(entry) : this.#returns.readmit(entry);
    const then = [back, () => this.#exit.dismiss(entry)] as const;
    if (isThenable(hook)) void outside(() => hook.then(...then));
    else void back();
  }

  /** Why a `get` gets nothing. */
  #refusal(signal: AbortSignal | undefined): { reason: unknown } | undefined {
    if (this.#lobby.ended) {
      this.#core.totals.rejected++;
      return { reason: closedError(this.#core.name) };
    }
    if (!signal?.aborted) return undefined;
    this.#core.totals.aborted++;
    return { reason: signal.reason };
  }

  tryGet(): Lease<T> | undefined {
    if (!this.#lobby.ended) this.#lobby.start(); // whose `fun` may end it
    if (this.#lobby.ended) throw closedError(this.#core.name);
    for (;;) {
      const entry = this.pick(true);
      if (entry === undefined) return undefined;
      let greeting: unknown;
      try {
        greeting = this.#core.hooks.run("getter", entry);
      } catch {
        this.#exit.dismiss(entry);
        continue;
      }
      if (!isThenable(greeting) && !this.#lobby.ended) return this.lease(entry);
      this.#putAway(entry, greeting, true);
      if (this.#lobby.ended) throw closedError(this.#core.name);
      return undefined;
    }
  }

  /**
   * Takes the most recently returned object; those past their limits are closed on the way. `sure`:
   * only one whose health need not be asked.
   */
  pick(sure = false): Entry<T> | undefined {
    const { bag, clock, clocked, settings } = this.#core;
    if (!clocked) return bag.takeLast();
    const now = this.#core.now = clock.now();
    this.#housekeeper.notice(now);
    for (;;) {
      let entry = bag.idle.last;
      while (entry?.checking) entry = entry.prev as Entry<T> | undefined;
      if (entry === undefined || sure && this.#health.doubtful(entry, now)) {
        return undefined;
      }
      const fault = stale(entry, settings, bag.live, now);
      bag.take(entry);
      if (fault === undefined) return entry;
      void this.#exit.retire(entry, fault);
    }
  }

  examine(entry: Entry<T>): Promise<void> | undefined {
    if (!this.#health.doubtful(entry, this.#core.now)) return undefined;
    return outside(() => this.#health.examine(entry, true));
  }

  reexamine(entry: Entry<T>): Promise<void> | undefined {
    const { clock, settings } = this.#core;
    if (settings.health === undefined) return undefined;
    this.#housekeeper.notice(clock.now());
    return this.#health.suspects(entry) ? this.#health.examine(entry, true) : undefined;
  }

  /** Puts what is in use by nobody into a borrower's hands. */
  lend(entry: Entry<T>): Entry<T> {
    const { bag, clock, clocked, totals } = this.#core;
    // Hooks take time, without them it is still as late as it was.
    if (clocked) entry.since = this.#plain ? this.#core.now - clock.slept : clock.awake();
    totals.gets++;
    bag.lend(entry);
    return entry;
  }

  lease(entry: Entry<T>): Lease<T> {
    this.lend(entry);
    const loan = new Loan(this.#returns, entry);
    entry.borrower = loan;
    return loan.lease!;
  }
}

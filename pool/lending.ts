// Lending: picks an object, has it looked at, and puts it into a borrower's hands.

import { outside } from "../context.ts";
import { isThenable } from "../values.ts";
import { checkGet } from "./check.ts";
import type { Core } from "./core.ts";
import type { Lent, Shelf } from "./desk.ts";
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
  /** Queues for an object, when there is none to be had at once. */
  wait(terms: Terms): Promise<Lent<T>>;
  /** Waits for `check` to let `entry` be lent, else queues. */
  waitFor(entry: Entry<T>, check: PromiseLike<unknown>, terms: Terms): Promise<Lent<T>>;
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
      let check: unknown;
      try {
        check = entry === undefined || this.#plain ? undefined : this.check(entry);
      } catch {
        this.#exit.dismiss(entry!);
        continue;
      }
      const refusal = this.#refusal(signal); // hooks, of what was closed on the way too, do anything
      if (refusal !== undefined) {
        if (entry !== undefined) this.#putAway(entry, check);
        return Promise.reject(refusal.reason);
      }
      if (entry === undefined) return this.#lobby.wait(terms);
      if (isThenable(check)) return this.#lobby.waitFor(entry, check, terms);
      return Promise.resolve(bare ? this.lend(entry) : this.lease(entry));
    }
  }

  #termsOf(options: GetOptions | undefined, bare: boolean): Terms {
    if (options === undefined) return bare ? this.#usualUse : this.#usualGet;
    return { bare, timeout: options.timeout ?? this.#usualGet.timeout, signal: options.signal };
  }

  /** It goes back once `check` is done. */
  #putAway(entry: Entry<T>, check: unknown): void {
    const then = [() => this.#returns.giveBack(entry), () => this.#exit.dismiss(entry)] as const;
    if (isThenable(check)) void outside(() => check.then(...then));
    else void this.#returns.giveBack(entry);
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
      this.#putAway(entry, greeting);
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

  check(entry: Entry<T>): unknown {
    const { hooks } = this.#core;
    if (!this.#health.doubtful(entry, this.#core.now)) return hooks.run("getter", entry);
    return outside(() => this.#health.examine(entry, true).then(() => hooks.run("getter", entry)));
  }

  recheck(entry: Entry<T>): Promise<void> | undefined {
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

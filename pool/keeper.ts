// Keeper: lends the objects of a pool and takes them back; what it makes of the other parts is the pool.

import { outside } from "../context.ts";
import { isThenable, reason } from "../values.ts";
import { checkGet } from "./check.ts";
import { Core } from "./core.ts";
import { Desk, type Lent, type Stock } from "./desk.ts";
import { Ending } from "./ending.ts";
import type { Entry } from "./entry.ts";
import { type Doorkeeper, Exit } from "./exit.ts";
import { closedError, foreignError, timeoutError } from "./explain.ts";
import { Health } from "./health.ts";
import { type Household, Housekeeper } from "./housekeeping.ts";
import { type Lease, type Lender, Loan, loanOf } from "./lease.ts";
import { type Reason, stale, wornOut } from "./limits.ts";
import type { Create, GetOptions, Settings } from "./options.ts";
import type { Pictured } from "./stats.ts";
import { type Customer, Supply } from "./supply.ts";
import { type Hall, Usages, type Use } from "./usage.ts";
import type { Terms, Waiter } from "./wait_queue.ts";

/** The life of a pool's objects. */
export class Keeper<T>
  implements Stock<T>, Customer<T>, Doorkeeper, Hall<T>, Household<T>, Lender<T>, Pictured {
  readonly id: number;
  readonly name: string;
  readonly core: Core<T>;
  started: { at: number; date: Date } | undefined;
  readonly #supply: Supply<T>;
  readonly #desk: Desk<T>;
  readonly #exit: Exit<T>;
  readonly #health: Health<T>;
  readonly #housekeeper: Housekeeper<T>;
  readonly #usages: Usages<T>;
  readonly #done = Promise.resolve();
  readonly #usualGet: Terms;
  readonly #usualUse: Terms;
  /** No hook has a say in what may be lent. */
  #plain: boolean;
  /** What is returned may have to be closed. */
  #careful: boolean;
  #ending: Ending | undefined;
  /** When the last object was picked or offered, by `clock.now()`, if an option in force needs it. */
  #now = 0;

  constructor(id: number, fun: Create<T>, settings: Settings<T>) {
    const core = new Core(`proxypool#${id}`, settings);
    this.id = id;
    this.name = core.name;
    this.core = core;
    this.#plain = settings.getter === undefined && settings.health === undefined;
    this.#careful = settings.maxUse > 0 || settings.maxLifetime > 0;
    this.#usualGet = { bare: false, timeout: settings.timeout, signal: undefined };
    this.#usualUse = { ...this.#usualGet, bare: true };
    this.#supply = new Supply(fun, core, this);
    this.#usages = new Usages(core, this);
    this.#desk = new Desk(core, this);
    this.#exit = new Exit(core, this);
    this.#health = new Health(core);
    this.#housekeeper = new Housekeeper(core, this.#exit, this.#health, this);
  }

  get size(): number {
    return this.#supply.size + this.core.bag.size;
  }

  get creating(): number {
    return this.#supply.size;
  }

  get waiting(): number {
    return this.#desk.waiting;
  }

  get queued(): number {
    return this.#desk.queued;
  }

  get hkDelay(): number {
    return this.#housekeeper.delay;
  }

  get open(): boolean {
    return this.started !== undefined;
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  get checks(): boolean {
    return !this.#plain;
  }

  // ---- lending

  #start(): void {
    if (this.started !== undefined) return;
    this.started = { at: this.core.clock.now(), date: new Date() };
    this.grow();
  }

  /** What is available, if that can be lent without further ado. */
  quick(): Entry<T> | undefined {
    return this.#plain ? this.pick() : undefined;
  }

  /** `get` without options. */
  get(): Promise<Lease<T>> {
    if (this.#plain && this.open) {
      const entry = this.pick();
      if (!this.ended) {
        if (entry !== undefined) return Promise.resolve(this.lease(entry));
        return this.#desk.wait(this.#usualGet) as Promise<Lease<T>>;
      }
      if (entry !== undefined) this.#putAway(entry, undefined);
    }
    return this.acquire("get", undefined, false) as Promise<Lease<T>>;
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
    if (refusal === undefined && !this.open) {
      this.#start(); // its `fun` may do anything
      refusal = this.#refusal(signal);
    }
    if (refusal !== undefined) return Promise.reject(refusal.reason);
    for (;;) {
      const entry = this.pick();
      let check: unknown;
      try {
        check = entry === undefined || this.#plain ? undefined : this.check(entry);
      } catch {
        this.dismiss(entry!);
        continue;
      }
      const refusal = this.#refusal(signal); // hooks, of what was closed on the way too, do anything
      if (refusal !== undefined) {
        if (entry !== undefined) this.#putAway(entry, check);
        return Promise.reject(refusal.reason);
      }
      if (entry === undefined) return this.#desk.wait(terms);
      if (isThenable(check)) return this.#desk.waitFor(entry, check, terms);
      return Promise.resolve(bare ? this.lend(entry) : this.lease(entry));
    }
  }

  #termsOf(options: GetOptions | undefined, bare: boolean): Terms {
    if (options === undefined) return bare ? this.#usualUse : this.#usualGet;
    return { bare, timeout: options.timeout ?? this.#usualGet.timeout, signal: options.signal };
  }

  /** It goes back once `check` is done. */
  #putAway(entry: Entry<T>, check: unknown): void {
    const then = [() => this.giveBack(entry), () => this.dismiss(entry)] as const;
    if (isThenable(check)) void outside(() => check.then(...then));
    else void this.giveBack(entry);
  }

  /** Why a `get` gets nothing. */
  #refusal(signal: AbortSignal | undefined): { reason: unknown } | undefined {
    if (this.#ending) {
      this.core.totals.rejected++;
      return { reason: closedError(this.name) };
    }
    if (!signal?.aborted) return undefined;
    this.core.totals.aborted++;
    return { reason: signal.reason };
  }

  tryGet(): Lease<T> | undefined {
    if (!this.ended) this.#start(); // whose `fun` may end it
    if (this.ended) throw closedError(this.name);
    for (;;) {
      const entry = this.pick(true);
      if (entry === undefined) return undefined;
      let greeting: unknown;
      try {
        greeting = this.core.hooks.run("getter", entry);
      } catch {
        this.dismiss(entry);
        continue;
      }
      if (!isThenable(greeting) && !this.ended) return this.lease(entry);
      this.#putAway(entry, greeting);
      if (this.ended) throw closedError(this.name);
      return undefined;
    }
  }

  /**
   * Takes the most recently returned object; those past their limits are closed on the way. `sure`:
   * only one whose health need not be asked.
   */
  pick(sure = false): Entry<T> | undefined {
    const { bag, clock, clocked, settings } = this.core;
    if (!clocked) return bag.takeLast();
    const now = this.#now = clock.now();
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
      void this.retire(entry, fault);
    }
  }

  check(entry: Entry<T>): unknown {
    const { hooks } = this.core;
    if (!this.#health.doubtful(entry, this.#now)) return hooks.run("getter", entry);
    return outside(() => this.#health.examine(entry, true).then(() => hooks.run("getter", entry)));
  }

  recheck(entry: Entry<T>): Promise<void> | undefined {
    const { clock, settings } = this.core;
    if (settings.health === undefined) return undefined;
    this.#housekeeper.notice(clock.now());
    return this.#health.suspects(entry) ? this.#health.examine(entry, true) : undefined;
  }

  /** Puts what is in use by nobody into a borrower's hands. */
  lend(entry: Entry<T>): Entry<T> {
    const { bag, clock, clocked, totals } = this.core;
    // Hooks take time, without them it is still as late as it was.
    if (clocked) entry.since = this.#plain ? this.#now - clock.slept : clock.awake();
    totals.gets++;
    bag.lend(entry);
    return entry;
  }

  lease(entry: Entry<T>): Lease<T> {
    this.lend(entry);
    const loan = new Loan(this, entry);
    entry.borrower = loan;
    return loan.lease!;
  }

  explain(waiter: Waiter<Lent<T>>): Error {
    const { creating, core } = this;
    return timeoutError(waiter, { core, creating, failure: this.#supply.lastFailure });
  }

  use<R>(fn: Use<T, R>, options: GetOptions | undefined): Promise<R> {
    return this.#usages.use(fn, options);
  }

  // ---- taking back

  /** The loan behind a lease of this pool. */
  loan(method: string, lease: unknown): Loan<T> {
    const loan = loanOf(lease);
    if (loan?.lender !== this) throw foreignError(this.name, method, lease);
    return loan as Loan<T>;
  }

  ret(loan: Loan<T>): Promise<void> {
    if (loan.end !== undefined) return this.#again("given back", loan);
    this.#exit.end(loan, "returned");
    this.core.totals.returned++;
    return this.giveBack(loan.entry);
  }

  dispose(loan: Loan<T>): Promise<void> {
    const silent = loan.end !== undefined && loan.end !== "returned";
    return silent ? this.#done : this.ret(loan);
  }

  discard(loan: Loan<T>, why: unknown): Promise<void> {
    const { hooks, log } = this.core;
    if (loan.end !== undefined) return this.#again("discarded", loan);
    this.#exit.end(loan, "discarded");
    if (why !== undefined) {
      log.info(() => `${hooks.label(loan.entry)} is discarded: ${reason(why)}`);
    }
    return this.retire(loan.entry, "discarded");
  }

  detach(loan: Loan<T>): T {
    const object = loan.bare();
    this.#exit.end(loan, "detached");
    this.#exit.detach(loan.entry);
    return object;
  }

  /** A lease is given back that has come to its end. */
  #again(how: string, loan: Loan<T>): Promise<void> {
    const { hooks, log, totals } = this.core;
    totals.doubleReturns++;
    log.warn(() => `a lease of ${hooks.label(loan.entry)} is ${how}, but was ${loan.end} before`);
    return this.#done;
  }

  giveBackUsed(entry: Entry<T>): Promise<void> | undefined {
    this.core.totals.returned++;
    const returned = this.giveBack(entry);
    return returned === this.#done ? undefined : returned;
  }

  /** Through `retter`, then to whoever is next. Until that is done the object counts as in use. */
  giveBack(entry: Entry<T>): Promise<void> {
    const { hooks, settings } = this.core;
    if (entry.state !== "using") return this.#done; // a shutdown that ran out of time has taken it
    if (settings.retter === undefined) {
      this.#readmit(entry);
      return this.#done;
    }
    try {
      const reset = hooks.run("retter", entry);
      if (isThenable(reset)) {
        const then = [() => this.#readmit(entry), () => this.dismiss(entry)] as const;
        return outside(() => (reset as Promise<unknown>).then(...then));
      }
      this.#readmit(entry);
    } catch {
      this.dismiss(entry);
    }
    return this.#done;
  }

  #readmit(entry: Entry<T>): void {
    if (entry.state !== "using") return; // taken away while `retter` ran
    this.core.bag.takeBack(entry);
    this.#offer(entry);
  }

  putBack(entry: Entry<T>): void {
    const fault = this.#careful ? this.obsolete(entry, this.#now) : undefined;
    if (fault !== undefined) void this.retire(entry, fault);
    else this.core.bag.store(entry);
  }

  dismiss(entry: Entry<T>): void {
    if (entry.state === "using") void this.retire(entry, "unfit");
  }

  /** An object in use by nobody goes to who has waited longest, or becomes available. */
  #offer(entry: Entry<T>): void {
    const { bag, clock, clocked } = this.core;
    if (clocked) this.#housekeeper.notice(entry.since = this.#now = clock.now());
    const fault = this.#careful ? this.obsolete(entry, this.#now) : undefined;
    if (fault !== undefined) void this.retire(entry, fault);
    else if (!this.#desk.offer(entry)) bag.store(entry);
  }

  obsolete(entry: Entry<T>, now: number): Reason | undefined {
    if (this.#ending) return "shutdown";
    if (entry.epoch !== this.#supply.epoch) return "reset";
    if (this.#oversize) return "resize";
    return wornOut(entry, this.core.settings, now);
  }

  get #oversize(): boolean {
    const { bag, settings: { maxSize } } = this.core;
    // What is being closed is on its way out already.
    return maxSize > 0 && this.creating + bag.live > maxSize;
  }

  // ---- making and closing

  grow(): void {
    this.#supply.grow();
  }

  serve(): void {
    this.#desk.serve();
  }

  look(): void {
    this.#exit.look();
  }

  admit(entry: Entry<T>): void {
    this.#housekeeper.start();
    this.#offer(entry);
  }

  failOldest(error: unknown): boolean {
    return this.#desk.failOldest(error);
  }

  retire(entry: Entry<T>, why: Reason): Promise<void> {
    return this.#exit.retire(entry, why);
  }

  closing(): void {
    this.serve();
  }

  vacated(): void {
    if (this.size === 0) {
      this.#housekeeper.stop();
      if (this.#ending) this.#endShutdown(this.#ending);
    }
    this.serve();
  }

  ready(): Promise<void> {
    if (!this.ended) this.#start(); // whose `fun` may end it
    return this.ended ? Promise.reject(closedError(this.name)) : this.#supply.ready();
  }

  resize(minSize: number, maxSize: number): void {
    Object.assign(this.core.settings, { minSize, maxSize });
    this.#careful = true;
    this.#exit.clear("resize", () => this.#oversize);
    this.#supply.recount();
    if (this.open) this.serve();
  }

  reset(): void {
    this.#supply.epoch++;
    this.#careful = true;
    this.#exit.clear("reset");
  }

  shutdown(timeout: number): Promise<void> {
    const ending = this.#ending ?? this.#beginShutdown();
    if (this.size > 0) ending.hurry(timeout);
    return ending.promise;
  }

  #beginShutdown(): Ending {
    const { bag, clock, log, settings } = this.core;
    const ending = this.#ending = new Ending(clock, () => this.#force());
    this.#careful = true;
    this.#plain = false;
    if (settings.maxUsingDelayKill > 0) this.#housekeeper.keepAlive();
    const error = closedError(this.name);
    this.#desk.failAll(error);
    this.#supply.stop(error);
    log.info(() => `is shut down, with ${bag.using} objects in use`);
    this.#exit.clear("shutdown");
    this.look(); // what was lost before need not be waited for, once that is noticed
    if (this.size === 0) this.#endShutdown(ending);
    return ending;
  }

  /** A shutdown has run out of time. */
  #force(): void {
    for (const entry of this.core.bag.entries()) {
      if (entry.state === "using") this.#exit.kill(entry, "revoked by shutdown");
      else void this.retire(entry, "shutdown");
    }
    this.#supply.abandon(closedError(this.name));
  }

  #endShutdown(ending: Ending): void {
    this.#housekeeper.stop();
    this.#desk.close();
    ending.done();
  }
}

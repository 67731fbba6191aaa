// Keeper: owner of every transition. Nothing else moves an object from one state to another.

import { LeaseError, PoolClosedError } from "../errors.ts";
import { isThenable, reason, shown } from "../values.ts";
import { Bag } from "./bag.ts";
import { checkGet } from "./check.ts";
import { Checkup } from "./checkup.ts";
import { Clock, Timer } from "./clock.ts";
import type { Creation, Failure } from "./creation.ts";
import { Desk, type Lent, type Stock } from "./desk.ts";
import { Entry, type LeaseEnd } from "./entry.ts";
import { timeoutError } from "./explain.ts";
import { Health } from "./health.ts";
import { Hooks } from "./hooks.ts";
import { due, roundDelay, Rounds } from "./housekeeping.ts";
import { LeakWatch } from "./leaks.ts";
import { type Lease, type Lender, Loan, loanOf } from "./lease.ts";
import { type Reason, REASONS, stale, wornOut } from "./limits.ts";
import { Log } from "./log.ts";
import type { Create, GetOptions, Settings } from "./options.ts";
import { Totals } from "./stats.ts";
import { type Customer, Supply } from "./supply.ts";
import { takenAway } from "./usage.ts";
import type { Waiter } from "./wait_queue.ts";

interface Ending {
  promise: Promise<void>;
  resolve: () => void;
  timer: Timer;
}

/** The life of a pool's objects. */
export class Keeper<T> implements Stock<T> {
  readonly name: string;
  readonly settings: Settings<T>;
  readonly totals = new Totals();
  readonly clock = new Clock();
  readonly hooks: Hooks<T>;
  readonly bag = new Bag<T>();
  readonly rounds: Rounds;
  /** An option in force needs the time of each `get` and `ret`. */
  readonly clocked: boolean;
  started: { at: number; date: Date } | undefined;
  readonly #log: Log;
  readonly #lender: Lender<T>;
  readonly #health: Health<T>;
  readonly #supply: Supply<T>;
  readonly #desk: Desk<T>;
  readonly #leaks = new LeakWatch<T>((loan) => this.#lost(loan));
  readonly #checkup = new Checkup<Entry<T>>((entry) => this.#checkUp(entry));
  readonly #done = Promise.resolve();
  /** What is available can be lent at once: no hook, no limit has a say. */
  readonly #direct: boolean;
  /** What is returned may have to be closed. */
  #careful: boolean;
  #ending: Ending | undefined;

  constructor(name: string, fun: Create<T>, settings: Settings<T>) {
    this.name = name;
    this.settings = settings;
    this.#log = new Log(name, settings.logLevel, settings.logger);
    this.hooks = new Hooks(settings, this.totals, this.#log);
    this.#supply = new Supply(fun, settings, this.clock, this.#customer());
    this.#lender = { name, dispose: (loan) => this.#dispose(loan) };
    this.rounds = new Rounds(this.clock, roundDelay(settings), () => this.#round());
    this.clocked = this.rounds.delay > 0 || settings.healthAfter !== undefined;
    this.#direct = !settings.getter && !settings.health && !settings.maxAvailDelay &&
      !settings.maxLifetime;
    this.#careful = settings.maxUse > 0 || settings.maxLifetime > 0;
    this.#health = new Health(this, this.#log);
    this.#desk = new Desk(this);
  }

  get size(): number {
    return this.#supply.size + this.bag.size;
  }

  get creating(): number {
    return this.#supply.size;
  }

  get waiting(): number {
    return this.#desk.waiting;
  }

  get ended(): boolean {
    return this.#ending !== undefined;
  }

  /** What is available, if that can be lent at once. */
  quick(): Entry<T> | undefined {
    return this.#direct ? this.popIdle() : undefined;
  }

  tryGet(): Lease<T> | undefined {
    if (this.#ending) throw this.#closedError();
    this.#start();
    for (;;) {
      const entry = this.pick();
      if (entry === undefined) return undefined;
      if (this.#health.doubtful(entry)) {
        this.bag.store(entry);
        return undefined;
      }
      try {
        const greeting = this.hooks.run("getter", entry);
        if (!isThenable(greeting)) return this.lease(entry);
        greeting.then(() => this.giveBack(entry), () => this.dismiss(entry));
        return undefined;
      } catch {
        this.dismiss(entry);
      }
    }
  }

  // ---- lending

  #start(): void {
    if (this.started !== undefined) return;
    this.started = { at: this.clock.now(), date: new Date() };
    this.#supply.grow();
  }

  /** What `get` does when nothing can be lent at once; `bare`: for `use`. */
  acquire(
    method: string,
    options: GetOptions | undefined,
    bare: boolean,
  ): Promise<Lent<T>> {
    try {
      if (options !== undefined) checkGet(method, options);
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.#ending) {
      this.totals.rejected++;
      return Promise.reject(this.#closedError());
    }
    if (options?.signal?.aborted) {
      this.totals.aborted++;
      return Promise.reject(options.signal.reason);
    }
    this.#start();
    const entry = this.#direct ? this.popIdle() : undefined;
    if (entry !== undefined) return Promise.resolve(bare ? this.lend(entry) : this.lease(entry));
    return this.#desk.wait(bare, options?.timeout ?? this.settings.timeout, options?.signal);
  }

  popIdle(): Entry<T> | undefined {
    const entry = this.bag.idle.pop();
    if (entry !== undefined) this.bag.taken(entry);
    return entry;
  }

  /** Takes the most recently returned object; those past their limits are closed on the way. */
  pick(): Entry<T> | undefined {
    const now = this.clocked ? this.clock.now() : 0;
    if (this.clocked) this.#health.noticeGap(now);
    for (;;) {
      let entry = this.bag.idle.last;
      while (entry?.checking) entry = entry.prev as Entry<T> | undefined;
      if (entry === undefined) return undefined;
      const fault = this.clocked ? stale(entry, this.settings, this.bag.live, now) : undefined;
      this.bag.take(entry);
      if (fault === undefined) return entry;
      this.#retire(entry, fault);
    }
  }

  /** Puts what is in use by nobody into a borrower's hands. */
  lend(entry: Entry<T>): Entry<T> {
    if (this.clocked) entry.since = this.clock.now();
    this.totals.gets++;
    this.bag.lend(entry);
    return entry;
  }

  lease(entry: Entry<T>): Lease<T> {
    this.lend(entry);
    const loan = new Loan(this.#lender, entry);
    entry.borrower = loan;
    return loan.lease!;
  }

  explain(waiter: Waiter<Lent<T>>): Error {
    return timeoutError(waiter, {
      name: this.name,
      awake: this.clock.awake(),
      now: this.clock.now(),
      clocked: this.clocked,
      bag: this.bag,
      creating: this.creating,
      maxSize: this.settings.maxSize,
      failure: this.#supply.lastFailure,
      label: (entry) => this.hooks.label(entry),
    });
  }

  look(): void {
    this.#leaks.look(this.bag.lent, this.clock.now(), this.clocked);
  }

  grow(): void {
    this.#supply.grow();
  }

  // ---- making

  ready(): Promise<void> {
    if (this.#ending) return Promise.reject(this.#closedError());
    this.#start();
    if (this.bag.live >= this.settings.minSize) return Promise.resolve();
    const reached = this.#supply.refill.wait();
    this.#supply.grow();
    return reached;
  }

  resize(minSize: number, maxSize: number): void {
    this.settings.minSize = minSize;
    this.settings.maxSize = maxSize;
    this.#careful = true;
    this.#clear("resize", () => this.#oversize);
    if (this.bag.live >= minSize) this.#supply.refill.reached();
    if (this.started !== undefined) this.#desk.serve();
  }

  #customer(): Customer<T> {
    return {
      missing: (resting) => {
        const short = resting || !this.started ? 0 : this.settings.minSize - this.bag.live;
        return Math.max(this.waiting, short);
      },
      room: () => this.settings.maxSize === 0 || this.size < this.settings.maxSize,
      has: (object) => this.bag.has(object),
      made: (object, creation) => this.#made(this.#entry(object, creation)),
      failed: (failure, creation, told) => this.#notMade(failure, creation, told),
      late: (object) => this.#late(object),
    };
  }

  #made(entry: Entry<T>): void {
    this.#log.debug(() => `${this.hooks.label(entry)} is made`);
    this.#admit(entry);
    if (this.bag.live >= this.settings.minSize) this.#supply.refill.reached();
    this.#supply.grow();
  }

  #notMade({ error, leftover }: Failure<T>, creation: Creation<T>, told: boolean): void {
    this.totals.createFailed++;
    if (!this.#desk.failOldest(error) && !told) {
      this.#log.warn(() => `#${creation.n} cannot be made: ${reason(error)}`);
    }
    if (leftover !== undefined) void this.#close(this.#entry(leftover, creation));
    this.#vacated();
  }

  #entry(object: T, creation: Creation<T>): Entry<T> {
    this.totals.created++;
    const { maxLifetime, lifetimeJitter } = this.settings;
    const born = this.clock.now();
    const life = maxLifetime > 0 ? maxLifetime * (1 - lifetimeJitter * Math.random()) : Infinity;
    const entry = new Entry(object, creation.n, creation.epoch, born, born + life);
    this.bag.add(entry);
    this.rounds.start();
    return entry;
  }

  /** What comes of a creation that was given up counts for nothing any more, but is closed. */
  #late(object: T): void {
    this.#log.info(() => "an object was made after it was given up: it is closed");
    void this.hooks.close(object, () => "a late object").then(() => {
      this.totals.created++;
      this.totals.closed++;
    });
  }

  // ---- taking back

  /** The loan behind a lease of this pool. */
  loan(method: string, lease: unknown): Loan<T> {
    const loan = loanOf(lease);
    if (loan?.lender !== this.#lender) throw this.#foreign(method, lease);
    return loan as Loan<T>;
  }

  discard(loan: Loan<T>, why: unknown): Promise<void> {
    if (loan.end !== undefined) return this.#again("discarded", loan);
    this.#end(loan, "discarded");
    if (why !== undefined) {
      this.#log.info(() => `${this.hooks.label(loan.entry)} is discarded: ${reason(why)}`);
    }
    return this.#retire(loan.entry, "discarded");
  }

  detach(loan: Loan<T>): T {
    const object = loan.bare();
    this.#end(loan, "detached");
    this.totals.detached++;
    this.bag.detach(loan.entry);
    this.#vacated();
    return object;
  }

  ret(loan: Loan<T>): Promise<void> {
    if (loan.end !== undefined) return this.#again("given back", loan);
    this.#end(loan, "returned");
    this.totals.returned++;
    return this.giveBack(loan.entry);
  }

  #dispose(loan: Loan<T>): Promise<void> {
    const silent = loan.end !== undefined && loan.end !== "returned";
    return silent ? this.#done : this.ret(loan);
  }

  #end(loan: Loan<T>, end: LeaseEnd): void {
    if (loan.entry.noticed) this.#leaks.forget(loan);
    loan.revoke(end);
  }

  /** A lease is given back that has come to its end. */
  #again(how: string, loan: Loan<T>): Promise<void> {
    this.totals.doubleReturns++;
    this.#log.warn(() =>
      `a lease of ${this.hooks.label(loan.entry)} is ${how}, but was ${loan.end} before`
    );
    return this.#done;
  }

  /** Through `retter`, then to whoever is next. Until that is done the object counts as in use. */
  giveBack(entry: Entry<T>): Promise<void> {
    if (entry.state !== "using") return this.#done; // a shutdown that ran out of time has taken it
    if (this.settings.retter === undefined) {
      this.#readmit(entry);
      return this.#done;
    }
    try {
      const reset = this.hooks.run("retter", entry);
      if (isThenable(reset)) {
        return (reset as Promise<unknown>).then(
          () => this.#readmit(entry),
          () => this.dismiss(entry),
        );
      }
      this.#readmit(entry);
    } catch {
      this.dismiss(entry);
    }
    return this.#done;
  }

  #readmit(entry: Entry<T>): void {
    if (entry.state !== "using") return; // taken away while `retter` ran
    this.bag.takeBack(entry);
    this.#admit(entry);
  }

  dismiss(entry: Entry<T>): void {
    if (entry.state === "using") void this.#retire(entry, "unfit");
  }

  /** An object in use by nobody goes to who has waited longest, or becomes available. */
  #admit(entry: Entry<T>): void {
    if (this.clocked) entry.since = entry.proven = this.clock.now();
    const fault = this.#careful ? this.#obsolete(entry) : undefined;
    if (fault !== undefined) return void this.#retire(entry, fault);
    if (!this.#desk.offer(entry)) this.bag.store(entry);
  }

  #obsolete(entry: Entry<T>): Reason | undefined {
    if (this.#ending) return "shutdown";
    if (entry.epoch !== this.#supply.epoch) return "reset";
    if (this.#oversize) return "resize";
    return wornOut(entry, this.settings, () => this.clock.now());
  }

  get #oversize(): boolean {
    const { maxSize } = this.settings;
    // What is being closed is on its way out already.
    return maxSize > 0 && this.creating + this.bag.live > maxSize;
  }

  /** Why an object lent to `use` cannot be used after all: others had their turn since. */
  tooLate(entry: Entry<T>, signal: AbortSignal | undefined): { reason: unknown } | undefined {
    if (entry.state !== "using") return { reason: takenAway(this.name, "taken away") };
    if (!signal?.aborted) return undefined;
    void this.endUse(entry, false);
    return { reason: signal.reason };
  }

  /** The callback of a `use` is done. */
  endUse(entry: Entry<T>, spoilt: boolean): Promise<void> | undefined {
    if (entry.state !== "using") return undefined; // taken away meanwhile
    entry.borrower = undefined;
    if (spoilt) {
      void this.#retire(entry, "discarded");
      return undefined;
    }
    this.totals.returned++;
    const returned = this.giveBack(entry);
    return returned === this.#done ? undefined : returned;
  }

  #lost(loan: Loan<T>): void {
    if (loan.end !== undefined) return;
    loan.revoke("leaked");
    this.totals.leaked++;
    void this.#close(loan.entry);
    this.#log.warn(() =>
      `${this.hooks.label(loan.entry)} was lost: its lease was never given back`
    );
  }

  // ---- closing

  reset(): void {
    this.#supply.epoch++;
    this.#careful = true;
    this.#clear("reset");
  }

  shutdown(timeout: number): Promise<void> {
    const ending = this.#ending ?? this.#beginShutdown();
    if (timeout > 0 && this.size > 0 && this.clock.awake() + timeout < ending.timer.at) {
      ending.timer.start(timeout, true);
    }
    return ending.promise;
  }

  /** Retires what is available, the longest unused first, as long as `more` says so. */
  #clear(why: Reason, more = () => true): void {
    for (const entry of [...this.bag.idle]) {
      if (!more()) return;
      this.#retireIdle(entry, why);
    }
  }

  /** Unless it is not available after all: hooks of the others may have done anything. */
  #retireIdle(entry: Entry<T>, why: Reason): void {
    if (entry.state === "available" && !entry.checking) void this.#retire(entry, why);
  }

  #retire(entry: Entry<T>, why: Reason): Promise<void> {
    const total = REASONS[why];
    if (total !== undefined) this.totals[total]++;
    const closing = this.#close(entry);
    this.#log.debug(() => `${this.hooks.label(entry)} is closed: ${why}`);
    return closing;
  }

  #kill(entry: Entry<T>, end: LeaseEnd): void {
    this.totals.killed++;
    const { borrower } = entry;
    if (borrower instanceof Loan) this.#end(borrower, end);
    else borrower?.revoke(end);
    void this.#close(entry);
  }

  #close(entry: Entry<T>): Promise<void> {
    this.bag.startClosing(entry);
    if (this.settings.closer !== undefined) {
      return this.hooks.close(entry.object, () => this.hooks.label(entry))
        .then(() => this.#gone(entry));
    }
    this.#gone(entry);
    return this.#done;
  }

  #gone(entry: Entry<T>): void {
    this.bag.closed(entry);
    this.totals.closed++;
    this.#vacated();
  }

  /** A place is free. */
  #vacated(): void {
    if (this.size === 0) {
      this.rounds.stop();
      if (this.#ending) this.#endShutdown(this.#ending);
    }
    this.#desk.serve();
  }

  #beginShutdown(): Ending {
    let resolve!: () => void;
    const promise = new Promise<void>((done) => resolve = done);
    const timer = new Timer(this.clock, () => this.#force());
    const ending = this.#ending = { promise, resolve, timer };
    this.#careful = true;
    this.#log.info(() => `is shut down, with ${this.bag.using} objects in use`);
    const error = this.#closedError();
    this.#desk.failAll(error);
    this.#supply.stop(error);
    this.#clear("shutdown");
    this.look(); // what was lost before need not be waited for, once that is noticed
    if (this.size === 0) this.#endShutdown(ending);
    return ending;
  }

  /** A shutdown has run out of time. */
  #force(): void {
    for (const entry of this.bag.entries()) {
      if (entry.state === "using") this.#kill(entry, "revoked by shutdown");
      else void this.#retire(entry, "shutdown");
    }
    this.#supply.abandon(this.#closedError());
    this.hooks.abandon(this.#closedError());
  }

  #endShutdown({ timer, resolve }: Ending): void {
    timer.stop();
    this.rounds.stop();
    this.#desk.close();
    resolve();
  }

  /** Whether an object may be lent; throws or rejects if not. */
  check(entry: Entry<T>): unknown {
    if (!this.#health.doubtful(entry)) return this.hooks.run("getter", entry);
    return this.#health.examine(entry).then(() => this.hooks.run("getter", entry));
  }

  // ---- housekeeping

  #round(): void {
    this.totals.hkRounds++;
    try {
      const now = this.clock.now();
      this.#health.noticeGap(now);
      this.look();
      this.#clean(now);
      const { health, healthFreq } = this.settings;
      if (health && this.totals.hkRounds % healthFreq === 0) {
        void this.#checkup.run(this.bag.idle);
      }
    } catch (error) {
      this.totals.hkErrors++;
      this.#log.error(() => `a housekeeping round failed: ${reason(error)}`);
    }
    if (this.size > 0) this.rounds.start();
  }

  #clean(now: number): void {
    const { expire, recycle, warn, kill } = due(this.bag, this.settings, now);
    for (const entry of expire) {
      this.bag.lifetimes.remove(entry); // those in use are closed when they return
      this.#retireIdle(entry, "maxLifetime");
    }
    for (const entry of recycle) this.#retireIdle(entry, "maxAvailDelay");
    for (const entry of warn) this.#warn(entry, Math.round(now - entry.since));
    for (const entry of kill) this.#killLate(entry, Math.round(now - entry.since));
  }

  #warn(entry: Entry<T>, held: number): void {
    if (entry.list !== this.bag.lent) return; // a hook of the others has given it back
    this.bag.warned(entry);
    this.#log.warn(() =>
      `${this.hooks.label(entry)} has been in use for ${held} ms (maxUsingDelay)`
    );
  }

  #killLate(entry: Entry<T>, held: number): void {
    if (entry.list !== this.bag.lent && entry.list !== this.bag.overdue) return;
    this.#kill(entry, "killed");
    this.#log.warn(() =>
      `${this.hooks.label(entry)} is killed after ${held} ms in use (maxUsingDelayKill)`
    );
  }

  /** Asks for the health of an available object, which stays where it is but is not lent. */
  async #checkUp(entry: Entry<T>): Promise<void> {
    if (entry.state !== "available" || entry.checking) return;
    entry.checking = true;
    const good = await this.#health.examine(entry).then(() => true, () => false);
    entry.checking = false;
    if (entry.state !== "available") return; // a shutdown that ran out of time has taken it
    const fault = good ? this.#obsolete(entry) : "unfit";
    if (fault !== undefined) void this.#retire(entry, fault);
    else this.#desk.serve();
  }

  // ---- telling

  #closedError(): PoolClosedError {
    return new PoolClosedError(`${this.name} is shut down: make another pool to go on`);
  }

  #foreign(method: string, lease: unknown): LeaseError {
    const other = loanOf(lease);
    return new LeaseError(
      `${method} takes a lease of ${this.name}, got ${
        other ? `one of ${other.lender.name}` : shown(lease)
      }: give it back to the pool that lent it`,
    );
  }
}

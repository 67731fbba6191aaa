// Keeper: owner of every transition. Nothing else moves an object from one state to another.

import { LeaseError, PoolClosedError, PoolError, PoolFullError } from "../errors.ts";
import { Bag } from "./bag.ts";
import { checkGet, shown } from "./check.ts";
import { Checkup } from "./checkup.ts";
import { Clock, Timer } from "./clock.ts";
import type { Creation, Failure } from "./creation.ts";
import { Entry, type LeaseEnd } from "./entry.ts";
import { timeoutError } from "./explain.ts";
import { Hooks } from "./hooks.ts";
import { due, roundDelay, Rounds } from "./housekeeping.ts";
import { LeakWatch } from "./leaks.ts";
import { type Lease, type Lender, Loan, loanOf } from "./lease.ts";
import { needsCheckup, type Reason, REASONS, stale, wornOut } from "./limits.ts";
import { isThenable, Log, reason } from "./log.ts";
import type { Create, GetOptions, Settings } from "./options.ts";
import { Totals } from "./stats.ts";
import { type Customer, Supply } from "./supply.ts";
import { takenAway, type Usage } from "./usage.ts";
import { Waiter, WaitQueue } from "./wait_queue.ts";

/** How many fresh objects in a row may turn out unfit before a `get` is told. */
const UNFIT = 3;

interface Ending {
  promise: Promise<void>;
  resolve: () => void;
  timer: Timer;
}

/** What a `get` gives, or for `use` the entry itself. */
type Lent<T> = Lease<T> | Entry<T>;

/** The life of a pool's objects. */
export class Keeper<T> {
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
  readonly #supply: Supply<T>;
  readonly #waiters: WaitQueue<Lent<T>>;
  readonly #leaks = new LeakWatch<T>((loan) => this.#lost(loan));
  readonly #checkup = new Checkup<Entry<T>>((entry) => this.#checkUp(entry));
  readonly #done = Promise.resolve();
  /** What is available can be lent at once: no hook, no limit has a say. */
  readonly #direct: boolean;
  /** What is returned may have to be closed. */
  #careful: boolean;
  /** What was last proven good before that moment may have died in its sleep. */
  #suspect = -Infinity;
  #serving = false;
  #ending: Ending | undefined;

  constructor(name: string, fun: Create<T>, settings: Settings<T>) {
    this.name = name;
    this.settings = settings;
    this.#log = new Log(name, settings.logLevel, settings.logger);
    this.hooks = new Hooks(settings, this.totals, this.#log);
    this.#supply = new Supply(fun, settings, this.clock, this.#customer());
    this.#lender = { name, dispose: (loan) => this.#dispose(loan) };
    this.#waiters = new WaitQueue(
      {
        late: (waiter) => this.#timedOut(waiter),
        aborted: (waiter) => this.#aborted(waiter),
        tick: () => this.#leaks.look(this.bag.lent, this.clock.now(), this.clocked),
      },
      this.clock,
      settings.timeout,
    );
    this.rounds = new Rounds(this.clock, roundDelay(settings), () => this.#round());
    this.clocked = this.rounds.delay > 0 || settings.healthAfter !== undefined;
    this.#direct = !settings.getter && !settings.health && !settings.maxAvailDelay &&
      !settings.maxLifetime;
    this.#careful = settings.maxUse > 0 || settings.maxLifetime > 0;
  }

  get size(): number {
    return this.#supply.size + this.bag.size;
  }

  get creating(): number {
    return this.#supply.size;
  }

  get waiting(): number {
    return this.#waiters.size;
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
      const entry = this.#pick();
      if (entry === undefined) return undefined;
      if (this.#needsCheckup(entry)) {
        this.bag.store(entry);
        return undefined;
      }
      try {
        const greeting = this.hooks.run("getter", entry);
        if (!isThenable(greeting)) return this.lease(entry);
        greeting.then(() => this.#giveBack(entry), () => this.#retire(entry, "unfit"));
        return undefined;
      } catch {
        this.#retire(entry, "unfit");
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
    if (this.#ending) return this.#refuse(this.#closedError());
    if (options?.signal?.aborted) {
      this.totals.aborted++;
      return Promise.reject(options.signal.reason);
    }
    this.#start();
    const entry = this.#direct ? this.popIdle() : undefined;
    if (entry !== undefined) return Promise.resolve(bare ? this.lend(entry) : this.lease(entry));
    return new Promise((resolve) => {
      const timeout = options?.timeout ?? this.settings.timeout;
      this.#enqueue(new Waiter(this.#waiters, resolve, bare, timeout, options?.signal));
    });
  }

  #enqueue(waiter: Waiter<Lent<T>>): void {
    this.#waiters.push(waiter);
    this.#serve();
    const { maxWaiting } = this.settings;
    if (maxWaiting === 0 || waiter.state !== "queued") return;
    if (this.#waiters.size - this.#supply.size <= maxWaiting) return;
    this.#fail(
      waiter,
      new PoolFullError(
        `${this.name}: ${maxWaiting} others wait already, as many as maxWaiting allows: ` +
          "try again later, or raise maxSize or maxWaiting",
      ),
    );
  }

  popIdle(): Entry<T> | undefined {
    const entry = this.bag.idle.pop();
    if (entry !== undefined) this.bag.taken(entry);
    return entry;
  }

  /** Takes the most recently returned object; those past their limits are closed on the way. */
  #pick(): Entry<T> | undefined {
    const now = this.clocked ? this.clock.now() : 0;
    if (this.clocked) this.#noticeGap(now);
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

  /** Brings together who waits and what is available, then has made what is missing. */
  #serve(): void {
    if (this.#serving) return;
    this.#serving = true;
    try {
      while (this.#waiters.size > 0) {
        const entry = this.#pick();
        if (entry === undefined) break;
        this.#offer(entry, this.#waiters.shift()!);
      }
    } finally {
      this.#serving = false;
    }
    this.#supply.grow();
  }

  /** Lends an entry in use by nobody to a waiter, if its hooks agree. */
  #offer(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    try {
      const check = this.#check(entry);
      if (!isThenable(check)) return this.#deliver(entry, waiter);
      this.#waiters.hold(waiter);
      check.then(
        () => this.#checked(entry, waiter),
        (error) => this.#unfit(entry, waiter, error),
      );
    } catch (error) {
      this.#unfit(entry, waiter, error);
    }
  }

  #deliver(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    this.#waiters.settle(waiter);
    waiter.resolve(waiter.bare ? this.lend(entry) : this.lease(entry));
  }

  #checked(entry: Entry<T>, waiter: Waiter<Lent<T>>): void {
    if (entry.state !== "using") return; // a shutdown that ran out of time has taken it
    if (waiter.state === "settled") void this.#giveBack(entry);
    else this.#deliver(entry, waiter);
  }

  #unfit(entry: Entry<T>, waiter: Waiter<Lent<T>>, error: unknown): void {
    const fresh = entry.uses === 0;
    if (waiter.state !== "settled") {
      if (fresh && ++waiter.unfit >= UNFIT) this.#fail(waiter, error);
      else this.#waiters.restore(waiter);
    }
    if (entry.state === "using") void this.#retire(entry, "unfit");
    this.#serve();
  }

  #fail(waiter: Waiter<Lent<T>>, error: unknown): void {
    this.totals.rejected++;
    this.#waiters.settle(waiter);
    waiter.reject(error);
  }

  #refuse(error: PoolError): Promise<never> {
    this.totals.rejected++;
    return Promise.reject(error);
  }

  #aborted(waiter: Waiter<Lent<T>>): void {
    this.totals.aborted++;
    this.#waiters.settle(waiter);
    waiter.reject(waiter.signal!.reason);
  }

  #timedOut(waiter: Waiter<Lent<T>>): void {
    this.totals.timeouts++;
    const error = timeoutError(waiter, {
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
    this.#waiters.settle(waiter);
    waiter.reject(error);
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
    for (const entry of this.bag.idle) {
      if (!this.#oversize) break;
      if (!entry.checking) this.#retire(entry, "resize");
    }
    if (this.started !== undefined) this.#serve();
  }

  #customer(): Customer<T> {
    return {
      missing: (resting) => {
        const short = resting || !this.started ? 0 : this.settings.minSize - this.bag.live;
        return Math.max(this.#waiters.size, short);
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
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) this.#fail(waiter, error);
    else if (!told) this.#log.warn(() => `#${creation.n} cannot be made: ${reason(error)}`);
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
    this.totals.created++;
    this.#log.info(() => "an object was made after createTimeout; it is closed");
    void this.hooks.close(object, () => "a late object").then(() => this.totals.closed++);
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
    return this.#giveBack(loan.entry);
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
  #giveBack(entry: Entry<T>): Promise<void> {
    if (this.settings.retter === undefined) {
      this.#readmit(entry);
      return this.#done;
    }
    try {
      const reset = this.hooks.run("retter", entry);
      if (isThenable(reset)) {
        return (reset as Promise<unknown>).then(
          () => this.#readmit(entry),
          () => this.#notReset(entry),
        );
      }
      this.#readmit(entry);
    } catch {
      this.#notReset(entry);
    }
    return this.#done;
  }

  #readmit(entry: Entry<T>): void {
    if (entry.state !== "using") return; // taken away while `retter` ran
    this.bag.takeBack(entry);
    this.#admit(entry);
  }

  #notReset(entry: Entry<T>): void {
    if (entry.state === "using") void this.#retire(entry, "retter");
  }

  /** An object in use by nobody goes to who has waited longest, or becomes available. */
  #admit(entry: Entry<T>): void {
    if (this.clocked) entry.since = entry.proven = this.clock.now();
    const fault = this.#careful ? this.#obsolete(entry) : undefined;
    if (fault !== undefined) return void this.#retire(entry, fault);
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.bag.store(entry);
    else this.#offer(entry, waiter);
  }

  #obsolete(entry: Entry<T>): Reason | undefined {
    if (this.#ending) return "shutdown";
    if (entry.epoch !== this.#supply.epoch) return "reset";
    if (this.#oversize) return "resize";
    return wornOut(entry, this.settings, () => this.clock.now());
  }

  get #oversize(): boolean {
    const { maxSize } = this.settings;
    return maxSize > 0 && this.size > maxSize;
  }

  /** The callback of a `use` is about to be called. */
  begin(entry: Entry<T>, usage: Usage | undefined, signal: AbortSignal | undefined): void {
    if (entry.state !== "using") throw takenAway(this.name, "killed");
    if (usage !== undefined) entry.borrower = usage;
    signal?.throwIfAborted();
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
    const returned = this.#giveBack(entry);
    return returned === this.#done ? undefined : returned;
  }

  #lost(loan: Loan<T>): void {
    if (loan.end !== undefined) return;
    loan.revoke("leaked");
    this.totals.leaked++;
    this.#log.warn(() =>
      `${this.hooks.label(loan.entry)} was lost: its lease was never given back`
    );
    void this.#close(loan.entry);
  }

  // ---- closing

  reset(): void {
    this.#supply.epoch++;
    this.#careful = true;
    for (const entry of this.bag.idle) if (!entry.checking) this.#retire(entry, "reset");
  }

  shutdown(timeout: number): Promise<void> {
    const ending = this.#ending ?? this.#beginShutdown();
    if (timeout > 0 && this.size > 0 && this.clock.awake() + timeout < ending.timer.at) {
      ending.timer.start(timeout, true);
    }
    return ending.promise;
  }

  #retire(entry: Entry<T>, why: Reason): Promise<void> {
    const total = REASONS[why];
    if (total !== undefined) this.totals[total]++;
    this.#log.debug(() => `${this.hooks.label(entry)} is closed: ${why}`);
    return this.#close(entry);
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
    this.#serve();
  }

  #beginShutdown(): Ending {
    let resolve!: () => void;
    const promise = new Promise<void>((done) => resolve = done);
    const timer = new Timer(this.clock, () => this.#force());
    const ending = this.#ending = { promise, resolve, timer };
    this.#careful = true;
    this.#log.info(() => `is shut down, with ${this.bag.using} objects in use`);
    const error = this.#closedError();
    for (const waiter of this.#waiters.all()) this.#fail(waiter, error);
    this.#supply.stop(error);
    for (const entry of this.bag.idle) if (!entry.checking) void this.#retire(entry, "shutdown");
    // What was lost before can still be noticed, and need not be waited for.
    this.#leaks.look(this.bag.lent, this.clock.now(), this.clocked);
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
  }

  #endShutdown({ timer, resolve }: Ending): void {
    timer.stop();
    this.rounds.stop();
    this.#waiters.stop();
    resolve();
  }

  // ---- hooks

  #needsCheckup(entry: Entry<T>): boolean {
    return needsCheckup(entry, this.settings, this.#suspect, () => this.clock.now());
  }

  /** Whether an object may be lent; throws or rejects if not. */
  #check(entry: Entry<T>): unknown {
    if (!this.#needsCheckup(entry)) return this.hooks.run("getter", entry);
    return this.#examine(entry).then(() => this.hooks.run("getter", entry));
  }

  async #examine(entry: Entry<T>): Promise<void> {
    this.totals.healthChecks++;
    try {
      if (await this.hooks.run("health", entry) === false) {
        throw new PoolError(
          `${this.name}: health says that ${this.hooks.label(entry)} is not good`,
        );
      }
      entry.proven = this.clock.now();
    } catch (error) {
      this.totals.unhealthy++;
      throw error;
    }
  }

  // ---- housekeeping

  #round(): void {
    this.totals.hkRounds++;
    try {
      const now = this.clock.now();
      this.#noticeGap(now);
      this.#leaks.look(this.bag.lent, now, this.clocked);
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
      if (entry.state === "available" && !entry.checking) void this.#retire(entry, "maxLifetime");
    }
    for (const entry of recycle) void this.#retire(entry, "maxAvailDelay");
    for (const entry of warn) {
      this.bag.warned(entry);
      const held = Math.round(now - entry.since);
      this.#log.warn(() =>
        `${this.hooks.label(entry)} has been in use for ${held} ms (maxUsingDelay)`
      );
    }
    for (const entry of kill) {
      const held = Math.round(now - entry.since);
      this.#log.warn(() =>
        `${this.hooks.label(entry)} is killed after ${held} ms (maxUsingDelayKill)`
      );
      this.#kill(entry, "killed");
    }
  }

  /** Asks for the health of an available object, which stays where it is but is not lent. */
  async #checkUp(entry: Entry<T>): Promise<void> {
    if (entry.state !== "available" || entry.checking) return;
    entry.checking = true;
    const good = await this.#examine(entry).then(() => true, () => false);
    entry.checking = false;
    if (entry.state !== "available") return; // a shutdown that ran out of time has taken it
    const fault = good ? this.#obsolete(entry) : "unfit";
    if (fault !== undefined) void this.#retire(entry, fault);
    else this.#serve();
  }

  #noticeGap(now: number): void {
    if (!this.rounds.gap(now)) return;
    this.#suspect = now;
    this.#log.info(() => "time has passed without a round: available objects are suspect");
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

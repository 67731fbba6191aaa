// Keeper: keeps the objects of a pool; what it makes of the other parts is the pool.

import { Core } from "./core.ts";
import { type Check, Desk, type Lent, type Stock } from "./desk.ts";
import { Ending } from "./ending.ts";
import type { Entry } from "./entry.ts";
import { type Doorkeeper, Exit } from "./exit.ts";
import { closedError, timeoutError } from "./explain.ts";
import { Health } from "./health.ts";
import { type Household, Housekeeper } from "./housekeeping.ts";
import { Lending, type Lobby } from "./lending.ts";
import { type Reason, wornOut } from "./limits.ts";
import type { Create, Settings } from "./options.ts";
import { type Receiver, Returns } from "./returns.ts";
import type { Pictured } from "./stats.ts";
import { type Customer, Supply } from "./supply.ts";
import { Usages } from "./usage.ts";
import type { Terms, Waiter } from "./wait_queue.ts";

/** The life of a pool's objects. */
export class Keeper<T>
  implements Stock<T>, Customer<T>, Doorkeeper, Household<T>, Lobby<T>, Pictured, Receiver<T> {
  readonly id: number;
  readonly name: string;
  readonly core: Core<T>;
  readonly lending: Lending<T>;
  readonly returns: Returns<T>;
  readonly usages: Usages<T>;
  started: { at: number; date: Date } | undefined;
  readonly #supply: Supply<T>;
  readonly #desk: Desk<T>;
  readonly #exit: Exit<T>;
  readonly #housekeeper: Housekeeper<T>;
  /** What is returned may have to be closed. */
  #careful: boolean;
  #ending: Ending | undefined;

  constructor(id: number, fun: Create<T>, settings: Settings<T>) {
    const core = new Core(`proxypool#${id}`, settings);
    const exit = new Exit(core, this);
    const health = new Health(core);
    const housekeeper = new Housekeeper(core, exit, health, this);
    const returns = new Returns(core, exit, this);
    const lending = new Lending(core, this, { health, housekeeper, exit, returns });
    this.id = id;
    this.name = core.name;
    this.core = core;
    this.lending = lending;
    this.returns = returns;
    this.usages = new Usages(core, lending, returns, exit);
    this.#supply = new Supply(fun, core, this);
    this.#desk = new Desk(core, lending, returns, exit, this);
    this.#exit = exit;
    this.#housekeeper = housekeeper;
    this.#careful = settings.maxUse > 0 || settings.maxLifetime > 0;
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

  // ---- for who comes

  start(): void {
    if (this.started !== undefined) return;
    this.started = { at: this.core.clock.now(), date: new Date() };
    this.grow();
  }

  wait(terms: Terms): Promise<Lent<T>> {
    return this.#desk.wait(terms);
  }

  waitFor(entry: Entry<T>, check: Check, terms: Terms): Promise<Lent<T>> {
    return this.#desk.waitFor(entry, check, terms);
  }

  explain(waiter: Waiter<Lent<T>>): Error {
    const { creating, core } = this;
    return timeoutError(waiter, { core, creating, failure: this.#supply.lastFailure });
  }

  // ---- for what comes back

  putBack(entry: Entry<T>): void {
    const fault = this.#careful ? this.obsolete(entry, this.core.now) : undefined;
    if (fault !== undefined) void this.retire(entry, fault);
    else this.core.bag.store(entry);
  }

  /** An object in use by nobody goes to who has waited longest, or becomes available. */
  offer(entry: Entry<T>): void {
    const { bag, clock, clocked } = this.core;
    if (clocked) this.#housekeeper.notice(entry.since = this.core.now = clock.now());
    const fault = this.#careful ? this.obsolete(entry, this.core.now) : undefined;
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

  making(): void {
    this.#housekeeper.start();
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
    if (!this.ended) this.start(); // whose `fun` may end it
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
    this.lending.end();
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
    for (const entry of this.core.bag.entries()) this.#exit.kill(entry, "revoked by shutdown");
    this.#supply.abandon(closedError(this.name));
  }

  #endShutdown(ending: Ending): void {
    this.#housekeeper.stop();
    this.#desk.close();
    ending.done();
  }
}

// Permits: the requests and permits of one pool. Each permit is released once.

import { outside } from "../context.ts";
import { asyncDispose } from "../disposal.ts";
import { PoolError } from "../errors.ts";
import { quiet, reason, shown } from "../values.ts";
import type { Attempt } from "./entry.ts";
import type { Log } from "./log.ts";
import type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "./quota.ts";

/** A permit that the pool waits for. */
export class Request {
  readonly aborting: AbortController = new AbortController();
  /** When the request began, by `clock.now()`. */
  readonly begun: number;
  /** The turn of the newest waiter at its begin: a failure concerns no later ones. */
  readonly turn: number;
  over = false;

  constructor(begun: number, turn: number) {
    this.begun = begun;
    this.turn = turn;
  }
}

/** A permit that the pool has. */
export class HeldPermit<T> implements Permit {
  /** The attempt that uses it; undefined while it is unused. */
  attempt: Attempt<T> | undefined = undefined;
  readonly #permit: Permit;
  readonly #lost: AbortSignal | undefined;
  readonly #permits: Permits<T>;

  constructor(permit: Permit, lost: AbortSignal | undefined, permits: Permits<T>) {
    this.#permit = permit;
    this.#lost = lost;
    this.#permits = permits;
    lost?.addEventListener("abort", this);
  }

  /** The signal of the quota, read each time. */
  get lost(): AbortSignal | undefined {
    return this.#permit.lost;
  }

  /** Called by the signal. */
  handleEvent(): void {
    this.#permits.lose(this);
  }

  release(): void {
    this.#lost?.removeEventListener("abort", this);
    this.#permits.released(this.#permit);
  }
}

/** The functions that permits call. */
interface Calls<T> {
  /** A permit has arrived. */
  granted(): void;
  /** The quota failed. */
  failed(request: Request, error: unknown): void;
  /** A permit was lost; undefined: it was unused. */
  lost(attempt: Attempt<T> | undefined): void;
}

/** The permits of one pool. */
export class Permits<T> {
  /** The requests, the oldest first. */
  readonly requests: Request[] = [];
  /** The unused permits. */
  readonly ready: HeldPermit<T>[] = [];
  /** The next returned object must be closed: there was none to reclaim. */
  due = false;
  /**
   * An object was closed for another pool, and no borrower has waited since: so none is created for
   * `minAvailable`.
   */
  yielded = false;
  /** Called when the number of objects, attempts, requests or waiters may have changed. */
  changed: (() => void) | undefined = undefined;
  readonly #quota: Quota;
  readonly #client: QuotaClient;
  readonly #log: Log;
  readonly #calls: Calls<T>;
  #member: QuotaMember | undefined;

  constructor(quota: Quota, client: QuotaClient, log: Log, calls: Calls<T>) {
    this.#quota = quota;
    this.#client = client;
    this.#log = log;
    this.#calls = calls;
  }

  /** How many permits are requested or unused. */
  get pending(): number {
    return this.requests.length + this.ready.length;
  }

  /**
   * How many requested permits may come soon: none, if an old request (from before `moment`) still
   * waits.
   */
  soon(moment: number): number {
    const [oldest] = this.requests;
    return oldest === undefined || oldest.begun <= moment ? 0 : this.requests.length;
  }

  /**
   * Attaches the pool at its start. If that fails, the first request tries again, and fails a
   * creation.
   */
  begin(): void {
    try {
      this.#join();
    } catch {
      // The first request reports the failure.
    }
  }

  #join(): QuotaMember {
    if (this.#member !== undefined) return this.#member;
    const member: unknown = outside(() => this.#quota.attach(this.#client));
    if (typeof (member as QuotaMember | undefined)?.acquire !== "function") {
      throw new TypeError(`attach() must return a member with acquire(), got ${shown(member)}`);
    }
    if (typeof disposalOf(member as QuotaMember) !== "function") {
      throw new TypeError(
        `attach() must return a member with [Symbol.asyncDispose](), got ${shown(member)}: ` +
          "the pool calls it after its shutdown",
      );
    }
    return this.#member = member as QuotaMember;
  }

  /** Requests another permit. */
  ask(begun: number, turn: number): void {
    const request = new Request(begun, turn);
    this.requests.push(request);
    outside(() => void this.#run(request));
  }

  async #run(request: Request): Promise<void> {
    let held: HeldPermit<T>;
    try {
      const { signal } = request.aborting;
      // In its own async function, so that a synchronous throw of `acquire` also arrives later.
      held = this.#hold(await (async () => await this.#join().acquire({ signal }))());
    } catch (error) {
      if (this.#end(request)) this.#calls.failed(request, error);
      return;
    }
    if (!this.#end(request)) return held.release(); // it is no longer needed
    this.ready.push(held);
    this.#calls.granted();
  }

  #hold(permit: unknown): HeldPermit<T> {
    if (typeof (permit as Permit | undefined)?.release !== "function") {
      throw new TypeError(`acquire() must return a permit with release(), got ${shown(permit)}`);
    }
    try {
      const { lost } = permit as Permit;
      const held = new HeldPermit(permit as Permit, lost, this);
      if (!lost?.aborted) return held;
      lost.removeEventListener("abort", held);
      throw new PoolError("the permit was lost before it arrived");
    } catch (error) {
      this.released(permit as Permit); // also if `lost` is no signal
      throw error;
    }
  }

  /** Removes a request; false if it was withdrawn. */
  #end(request: Request): boolean {
    if (request.over) return false;
    request.over = true;
    this.requests.splice(this.requests.indexOf(request), 1);
    return true;
  }

  /** Withdraws the newest request; without one, releases an unused permit. */
  withdraw(reason: unknown): void {
    const request = this.requests.at(-1);
    if (request === undefined) return this.ready.pop()?.release();
    this.#end(request);
    outside(() => request.aborting.abort(reason));
  }

  /** Withdraws all requests, and releases all unused permits. */
  withdrawAll(reason: unknown): void {
    while (this.pending > 0) this.withdraw(reason);
  }

  /** A permit was lost before its release. */
  lose(held: HeldPermit<T>): void {
    const i = this.ready.indexOf(held);
    if (i >= 0) {
      this.ready.splice(i, 1);
      held.release();
    }
    outside(() => this.#calls.lost(held.attempt));
  }

  /** Releases a permit to the quota. */
  released(permit: Permit): void {
    this.due = false;
    try {
      quiet(outside(() => permit.release()), (error) => this.#failed("release()", error));
    } catch (error) {
      this.#failed("release()", error);
    }
  }

  /**
   * Whether a returned object that is spare must be closed for another pool. `needed`: whether a
   * waiter would get it.
   */
  owes(needed: boolean): boolean {
    const owes = this.due || this.#yields(needed);
    this.due = false;
    if (owes) this.yielded = true;
    return owes;
  }

  #yields(needed: boolean): boolean {
    const member = this.#member;
    if (member?.yields === undefined) return false;
    try {
      return outside(() => member.yields!(needed)) === true;
    } catch (error) {
      this.#failed("yields()", error);
      return false;
    }
  }

  /** The other pools with permits, as far as the quota knows them. */
  shares(most: number): readonly QuotaShare[] {
    const member = this.#member;
    if (member?.shares === undefined) return [];
    try {
      return outside(() => member.shares!(most));
    } catch (error) {
      this.#failed("shares()", error);
      return [];
    }
  }

  /**
   * No idle object can be closed for another pool: so the next returned one is, unless the quota
   * has `yields`.
   */
  owe(): void {
    this.due = this.#member?.yields === undefined;
  }

  /** Returns the disposal of the pool's member; undefined if there is none. */
  leave(): (() => unknown) | undefined {
    const member = this.#member;
    this.#member = undefined;
    return member && (() => disposalOf(member)?.call(member));
  }

  #failed(method: string, error: unknown): void {
    this.#log.warn(() => `the quota failed in ${method}: ${reason(error)}`);
  }
}

function disposalOf(member: QuotaMember): QuotaMember[typeof asyncDispose] | undefined {
  return member[asyncDispose] ?? member[Symbol.asyncDispose];
}

// Permits: what one pool has of its quota: what it asks for, what is at hand, and how each goes back once.

import { outside } from "../context.ts";
import { asyncDispose } from "../disposal.ts";
import { PoolError } from "../errors.ts";
import { quiet, reason, shown } from "../values.ts";
import type { Attempt } from "./entry.ts";
import type { Log } from "./log.ts";
import type { Permit, Quota, QuotaClient, QuotaMember } from "./quota.ts";

/** A permit that the pool waits for. */
export class Request {
  readonly aborting: AbortController = new AbortController();
  /** By `clock.now()`. */
  readonly begun: number;
  /** The turn of the waiter who had come last: a failure concerns nobody who comes later. */
  readonly turn: number;
  over = false;

  constructor(begun: number, turn: number) {
    this.begun = begun;
    this.turn = turn;
  }
}

/** A permit that the pool has. */
export class HeldPermit<T> implements Permit {
  /** What is made by it; undefined while it is at hand. */
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

  /** As its quota has it now. */
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

/** What the permits of a pool call. */
interface Calls<T> {
  /** One is at hand. */
  granted(): void;
  /** There is none to be had. */
  failed(request: Request, error: unknown): void;
  /** One has ended early; undefined: it was at hand. */
  lost(attempt: Attempt<T> | undefined): void;
}

/** The permits of one pool. */
export class Permits<T> {
  /** Waited for, the oldest first. */
  readonly requests: Request[] = [];
  /** Given, and not used yet. */
  readonly ready: HeldPermit<T>[] = [];
  /** The next object that comes back is to be closed: there was none to reclaim. */
  due = false;
  /** An object was closed for others, and nobody has waited since: none is made for `minAvailable`. */
  yielded = false;
  /** Called when the pool has nothing, and nobody waits. */
  emptied: (() => void) | undefined = undefined;
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

  /** How many are waited for, or at hand. */
  get pending(): number {
    return this.requests.length + this.ready.length;
  }

  /** How many may be on their way: none, if one that was asked for by that moment has not come. */
  soon(moment: number): number {
    const [oldest] = this.requests;
    return oldest === undefined || oldest.begun <= moment ? 0 : this.requests.length;
  }

  /** The pool starts. If that fails, the first creation fails, and tries again. */
  begin(): void {
    try {
      this.#join();
    } catch {
      // It is told by who needs it.
    }
  }

  #join(): QuotaMember {
    if (this.#member !== undefined) return this.#member;
    const member: unknown = outside(() => this.#quota.attach(this.#client));
    if (typeof (member as QuotaMember | undefined)?.acquire !== "function") {
      throw new TypeError(`attach() must return a member with acquire(), got ${shown(member)}`);
    }
    return this.#member = member as QuotaMember;
  }

  /** Asks for one more. */
  ask(begun: number, turn: number): void {
    const request = new Request(begun, turn);
    this.requests.push(request);
    outside(() => void this.#run(request));
  }

  async #run(request: Request): Promise<void> {
    let held: HeldPermit<T>;
    try {
      const { signal } = request.aborting;
      // Within a function of its own, for what `acquire` throws at once to come later, like all else.
      held = this.#hold(await (async () => await this.#join().acquire({ signal }))());
    } catch (error) {
      if (this.#end(request)) this.#calls.failed(request, error);
      return;
    }
    if (!this.#end(request)) return held.release(); // it is not needed any more
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
      this.released(permit as Permit); // also one whose `lost` is no signal
      throw error;
    }
  }

  /** Whether it was waited for until now. */
  #end(request: Request): boolean {
    if (request.over) return false;
    request.over = true;
    this.requests.splice(this.requests.indexOf(request), 1);
    return true;
  }

  /** One is not needed any more: one that is waited for, the newest first, else one at hand. */
  withdraw(reason: unknown): void {
    const request = this.requests.at(-1);
    if (request === undefined) return this.ready.pop()?.release();
    this.#end(request);
    outside(() => request.aborting.abort(reason));
  }

  /** None is. */
  withdrawAll(reason: unknown): void {
    while (this.pending > 0) this.withdraw(reason);
  }

  /** It has ended before it was released. */
  lose(held: HeldPermit<T>): void {
    const i = this.ready.indexOf(held);
    if (i >= 0) {
      this.ready.splice(i, 1);
      held.release();
    }
    outside(() => this.#calls.lost(held.attempt));
  }

  /** It goes back to the quota. */
  released(permit: Permit): void {
    this.due = false;
    try {
      quiet(outside(() => permit.release()), (error) => this.#failed("release()", error));
    } catch (error) {
      this.#failed("release()", error);
    }
  }

  /**
   * Whether an object that has come back, and may go, is to be closed for others; `needed`: somebody waits
   * for it.
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

  /** Nothing is available to be closed for others: what comes back next is, unless the quota asks then. */
  owe(): void {
    this.due = this.#member?.yields === undefined;
  }

  /** What disposes of the pool's part; undefined if it has none, or none any more. */
  leave(): (() => unknown) | undefined {
    const member = this.#member;
    this.#member = undefined;
    return member && (() => (member[asyncDispose] ?? member[Symbol.asyncDispose]).call(member));
  }

  #failed(method: string, error: unknown): void {
    this.#log.warn(() => `the quota failed in ${method}: ${reason(error)}`);
  }
}

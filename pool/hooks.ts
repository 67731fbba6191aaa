// Hooks: runs the user's hooks outside every caller's context; counts and logs failures.

import { outside } from "../context.ts";
import { PoolTimeoutError } from "../errors.ts";
import { describe, isThenable, quiet, reason } from "../values.ts";
import { after } from "./clock.ts";
import type { Entry } from "./entry.ts";
import type { Log } from "./log.ts";
import type { CloseReason, Totals } from "./observe.ts";
import type { Settings } from "./options.ts";

/** An object that is being closed. */
export class Closing {
  readonly reason: CloseReason;
  /** Resolves once `closer` is done; never rejects. */
  promise: Promise<void> = DONE;
  /** Fails the closing, so that it is no longer awaited. */
  giveUp: ((error: unknown) => void) | undefined = undefined;
  #aborting: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;

  constructor(reason: CloseReason) {
    this.reason = reason;
  }

  /** Created when it is read. */
  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController();
      if (this.#aborted !== undefined) this.#aborting.abort(this.#aborted.reason);
    }
    return this.#aborting.signal;
  }

  /** Aborts the signal: `closer` must close by force. It is still awaited. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    outside(() => this.#aborting?.abort(reason));
  }
}

const tracked = new WeakSet<object>();

/**
 * Lets `retter` run in the context of the borrower that returns the object, so that tracers see the
 * reset as part of it. For adapters: their queries end with the reset, and keep nothing of that
 * context.
 */
export function inBorrowersContext<R extends object>(retter: R): R {
  tracked.add(retter);
  return retter;
}

/**
 * Binds a hook to the options, which may be an instance of a class; a tracked hook needs no `this`.
 */
export function ownedBy<H extends (...args: never[]) => unknown>(hook: H, options: object): H {
  return tracked.has(hook) ? hook : hook.bind(options) as H;
}

/** A resolved promise. */
export const DONE: Promise<void> = Promise.resolve();

/** The hooks of one pool. */
export class Hooks<T> {
  readonly #settings: Settings<T>;
  readonly #totals: Totals;
  readonly #log: Log;
  readonly #isTracked: boolean;

  constructor(settings: Settings<T>, totals: Totals, log: Log) {
    this.#settings = settings;
    this.#isTracked = settings.retter !== undefined && tracked.has(settings.retter);
    this.#totals = totals;
    this.#log = log;
  }

  /**
   * Runs a hook. Returns false if it returns false, else true; a promise if it is asynchronous.
   * Throws or rejects if it fails. `awaited`: whether a caller waits for it; then its timer may
   * keep the process alive.
   */
  run(name: "getter" | "retter" | "health", entry: Entry<T>, awaited = true): unknown {
    const hook = this.#settings[name];
    if (hook === undefined) return undefined;
    try {
      const result = this.#isTracked && name === "retter"
        ? hook(entry.object)
        : outside(hook, entry.object);
      if (!isThenable(result)) return result !== false;
      // Its continuation must not keep the context of the calling request alive.
      return outside(() => this.#later(name, entry, result, awaited));
    } catch (error) {
      this.#failed(name, () => this.label(entry), error);
      throw error;
    }
  }

  #later(
    name: string,
    entry: Entry<T>,
    result: PromiseLike<unknown>,
    awaited: boolean,
  ): Promise<unknown> {
    const late = { what: name, option: "hookTimeout", delay: this.#settings.hookTimeout };
    const giveUp = (fail?: (error: unknown) => void) => entry.giveUp = fail;
    return inTime(result, late, awaited, giveUp).catch((error) => {
      // An abandoned hook has not failed: its object is being closed.
      if (entry.live) this.#failed(name, () => this.label(entry), error);
      throw error;
    });
  }

  /** Runs `closer`, then `done`. */
  close(
    object: T,
    reason: CloseReason,
    label: () => string,
    done = (_closing: Closing): void => {},
  ): Closing {
    const closing = new Closing(reason);
    closing.promise = outside(() => this.#close(object, closing, label).then(() => done(closing)));
    return closing;
  }

  /** Leaves the quota, then calls `done`; with the time limit of a `closer`. */
  leave(dispose: () => unknown, done: (closing: Closing) => void): Closing {
    const closing = new Closing("shutdown");
    const left = () =>
      this.#finish("the disposal of the quota", dispose, closing, () => "the pool");
    closing.promise = outside(() => left().then(() => done(closing)));
    return closing;
  }

  #close(object: T, closing: Closing, label: () => string): Promise<void> {
    const { closer } = this.#settings;
    if (closer === undefined) return DONE;
    const { reason } = closing;
    const context = {
      get signal() {
        return closing.signal;
      },
      reason,
    };
    return this.#finish("closer", () => closer(object, context), closing, label);
  }

  /** Runs the work within `closeTimeout`. */
  async #finish(
    what: string,
    work: () => unknown,
    closing: Closing,
    label: () => string,
  ): Promise<void> {
    const late = { what, option: "closeTimeout", delay: this.#settings.closeTimeout };
    try {
      const result: unknown = work();
      if (isThenable(result)) await inTime(result, late, true, (fail) => closing.giveUp = fail);
    } catch (error) {
      closing.abort(error); // at closeTimeout: the closer must stop waiting
      this.#failed(what, label, error);
    }
  }

  /** Whether an object must be closed after a failure of its borrower. */
  discardsAfter(error: unknown): boolean {
    return this.#decides("discardOnError", error, true);
  }

  /** Whether a waiter waits on after a failed creation. */
  retriesAfter(error: unknown): boolean {
    return this.#decides("createRetry", error, false);
  }

  /** `otherwise`: the decision if the hook fails. */
  #decides(name: "discardOnError" | "createRetry", error: unknown, otherwise: boolean): boolean {
    const decides = this.#settings[name];
    if (typeof decides === "boolean") return decides;
    try {
      const decision: unknown = outside(decides, error);
      if (!isThenable(decision)) return Boolean(decision);
      quiet(decision, () => {});
      throw new TypeError(`${name} must not be asynchronous`);
    } catch (failure) {
      this.#failed(name, () => reason(error), failure);
      return otherwise;
    }
  }

  /** The description of an object in messages. */
  label(entry: Entry<T>): string {
    return `#${entry.n} ${describe(this.#told("tracer", entry.object))}`;
  }

  /** What `stats()` shows of an object. */
  picture(object: T): unknown {
    return this.#told(this.#settings.stats ? "stats" : "tracer", object);
  }

  #told(name: "stats" | "tracer", object: T): unknown {
    const hook = this.#settings[name];
    if (hook === undefined) return describe(object);
    const failed = (error: unknown) => this.#failed(name, () => describe(object), error);
    try {
      const told: unknown = outside(hook, object);
      if (!isThenable(told)) return inJson(told);
      quiet(told, failed);
      throw new TypeError(`${name} must not be asynchronous`);
    } catch (error) {
      failed(error);
      return describe(object);
    }
  }

  #failed(name: string, label: () => string, error: unknown): void {
    this.#totals.hookErrors++;
    this.#log.warn(() => `${name} failed for ${label()}: ${reason(error)}`);
  }
}

/** `value` as JSON shows it; throws if JSON cannot. */
function inJson(value: unknown): unknown {
  if (typeof value === "string") return value;
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`${describe(value)} cannot be expressed in JSON`);
  return JSON.parse(json);
}

/** Work with a time limit, and the option of the limit. */
interface Late {
  what: string;
  option: string;
  /** In milliseconds; 0: no limit. */
  delay: number;
}

/** Settles as `work`, or fails: at the time limit, or by the function that `failing` gets. */
function inTime(
  work: PromiseLike<unknown>,
  { what, option, delay }: Late,
  awaited: boolean,
  failing?: (fail?: (error: unknown) => void) => void,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = () => {
      cancel?.();
      failing?.();
    };
    const fail = (error: unknown) => {
      done();
      reject(error);
    };
    const cancel = delay === 0
      ? undefined
      : after(delay, awaited, () => fail(tooLong(what, option, delay, "check")));
    failing?.(fail);
    // A thenable may not be a proper promise.
    Promise.resolve(work).then((value) => {
      done();
      resolve(value);
    }, fail);
  });
}

/** The error for work that took longer than `option` allows. */
export function tooLong(
  what: string,
  option: string,
  delay: number,
  phase: PoolTimeoutError["phase"],
): PoolTimeoutError {
  return new PoolTimeoutError(
    `${what} took longer than ${option}, ${delay} ms: raise ${option}, or find out why it hangs`,
    { timeout: delay, waited: delay, ahead: 0, phase, holders: [] },
  );
}

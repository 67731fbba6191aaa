// Hooks: runs the user's, outside of any user's context, and counts and logs those that fail.

import { outside } from "../context.ts";
import { PoolTimeoutError } from "../errors.ts";
import { describe, isThenable, quiet, reason } from "../values.ts";
import { after } from "./clock.ts";
import type { Entry } from "./entry.ts";
import type { Log } from "./log.ts";
import type { CloseReason, Totals } from "./observe.ts";
import type { Settings } from "./options.ts";

/** One object being closed. */
export class Closing {
  readonly reason: CloseReason;
  /** Resolves once it is done; never rejects. */
  promise: Promise<void> = DONE;
  /** Makes it fail, so that nobody waits for it any longer. */
  giveUp: ((error: unknown) => void) | undefined = undefined;
  #aborting: AbortController | undefined;
  #aborted: { reason: unknown } | undefined;

  constructor(reason: CloseReason) {
    this.reason = reason;
  }

  /** Made when it is read. */
  get signal(): AbortSignal {
    if (this.#aborting === undefined) {
      this.#aborting = new AbortController();
      if (this.#aborted !== undefined) this.#aborting.abort(this.#aborted.reason);
    }
    return this.#aborting.signal;
  }

  /** Tells `closer` to close by force; it goes on to be waited for. */
  abort(reason: unknown): void {
    if (this.#aborted !== undefined) return;
    this.#aborted = { reason };
    outside(() => this.#aborting?.abort(reason));
  }
}

const tracked = new WeakSet<object>();

/**
 * Has `retter` run in the context of the borrower that gives its object back, for tracers to see whose
 * reset it is: what an adapter asks there ends with the reset, and keeps nothing of that context.
 */
export function inBorrowersContext<R extends object>(retter: R): R {
  tracked.add(retter);
  return retter;
}

/** A hook as a method of the options, which may be an object of some class; a tracked one has no `this`. */
export function ownedBy<H extends (...args: never[]) => unknown>(hook: H, options: object): H {
  return tracked.has(hook) ? hook : hook.bind(options) as H;
}

/** The promise of what is done already. */
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
   * Whether a hook gives anything but false, a promise if it is asynchronous; throws or rejects if it
   * fails. `awaited`: somebody waits for it, so that its timer may keep the process alive.
   */
  run(name: "getter" | "retter" | "health", entry: Entry<T>, awaited = true): unknown {
    const hook = this.#settings[name];
    if (hook === undefined) return undefined;
    try {
      const result = this.#isTracked && name === "retter"
        ? hook(entry.object)
        : outside(hook, entry.object);
      if (!isThenable(result)) return result !== false;
      // What goes on when it is done must not pin the request that happened to call for it.
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
      // One that was given up has not failed: its object is being closed.
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

  /** Leaves the quota, then calls `done`: as an object is closed. */
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

  /** Does it, within `closeTimeout`. */
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
      closing.abort(error); // by closeTimeout: what the closer still waits for is to stop
      this.#failed(what, label, error);
    }
  }

  /** Whether an object is to be closed after a failure of its borrower's. */
  discardsAfter(error: unknown): boolean {
    return this.#decides("discardOnError", error, true);
  }

  /** Whether who waits goes on to wait after a failure to make an object. */
  retriesAfter(error: unknown): boolean {
    return this.#decides("createRetry", error, false);
  }

  /** `otherwise`: what it is taken for if it fails. */
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

  /** What messages call an object. */
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

/** What JSON makes of `value`; throws if that is nothing. */
function inJson(value: unknown): unknown {
  if (typeof value === "string") return value;
  const json = JSON.stringify(value);
  if (json === undefined) throw new TypeError(`${describe(value)} cannot be expressed in JSON`);
  return JSON.parse(json);
}

/** What takes too long, after which option. */
interface Late {
  what: string;
  option: string;
  /** In milliseconds; 0: never. */
  delay: number;
}

/** `work`, or a failure: when it is late, or when somebody calls what `failing` is told. */
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
    // Not all that has a `then` is as good as a promise.
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

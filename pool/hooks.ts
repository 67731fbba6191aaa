// Hooks: runs the user's, outside of any user's context, and counts and logs those that fail.

import { PoolTimeoutError } from "../errors.ts";
import { outside } from "./context.ts";
import type { Entry } from "./entry.ts";
import { describe, isThenable, type Log, reason } from "./log.ts";
import type { Settings } from "./options.ts";
import type { Totals } from "./stats.ts";

/** The hooks of one pool. */
export class Hooks<T> {
  readonly #settings: Settings<T>;
  readonly #totals: Totals;
  readonly #log: Log;

  constructor(settings: Settings<T>, totals: Totals, log: Log) {
    this.#settings = settings;
    this.#totals = totals;
    this.#log = log;
  }

  /** What a hook gives, a promise if it is asynchronous; throws or rejects if it fails. */
  run(name: "getter" | "retter" | "health", entry: Entry<T>): unknown {
    const hook = this.#settings[name];
    if (hook === undefined) return undefined;
    const failed = (error: unknown): never => {
      this.#failed(name, () => this.label(entry), error);
      throw error;
    };
    try {
      const result = outside<unknown>(() => hook(entry.object));
      if (!isThenable(result)) return result;
      return inTime(name, result, "hookTimeout", this.#settings.hookTimeout)
        .then(undefined, failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Runs `closer`. Never rejects. */
  async close(object: T, label: () => string): Promise<void> {
    const { closer, closeTimeout } = this.#settings;
    if (closer === undefined) return;
    try {
      const result = outside(() => closer(object));
      if (isThenable(result)) await inTime("closer", result, "closeTimeout", closeTimeout);
    } catch (error) {
      this.#failed("closer", label, error);
    }
  }

  /** Whether an object is to be discarded after an error of its user's. */
  spoiltBy(error: unknown): boolean {
    const { discardOnError } = this.#settings;
    if (typeof discardOnError === "boolean") return discardOnError;
    try {
      return outside(() => discardOnError(error));
    } catch (failure) {
      this.#failed("discardOnError", () => reason(error), failure);
      return true;
    }
  }

  /** What messages call an object. */
  label(entry: Entry<T>): string {
    return `#${entry.n} ${this.#told("tracer", entry.object)}`;
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
      const text = outside<unknown>(() => hook(object));
      if (!isThenable(text)) return text;
      text.then(undefined, failed);
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

/** `work`, or a failure once `delay` ms have passed; 0: however long it takes. */
function inTime(
  what: string,
  work: PromiseLike<unknown>,
  option: string,
  delay: number,
): Promise<unknown> {
  if (delay === 0) return Promise.resolve(work);
  return outside(() =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(tooLong(what, option, delay, "check")), delay);
      const settle = (fn: () => void) => {
        clearTimeout(timer);
        fn();
      };
      work.then((value) => settle(() => resolve(value)), (error) => settle(() => reject(error)));
    })
  );
}

/** The error for work that took longer than `option` allows. */
export function tooLong(
  what: string,
  option: string,
  delay: number,
  phase: PoolTimeoutError["phase"],
): PoolTimeoutError {
  return new PoolTimeoutError(
    `${what} took longer than ${option}, ${delay} ms: raise ${option}, or look why it hangs`,
    { timeout: delay, waited: delay, ahead: 0, phase, holders: [] },
  );
}

// Hooks: runs the user's, outside of any user's context, and counts and logs those that fail.

import { outside } from "../context.ts";
import { PoolTimeoutError } from "../errors.ts";
import { describe, isThenable, reason } from "../values.ts";
import type { Entry } from "./entry.ts";
import type { Log } from "./log.ts";
import type { Settings } from "./options.ts";
import type { Totals } from "./stats.ts";

/** The hooks of one pool. */
export class Hooks<T> {
  readonly #settings: Settings<T>;
  readonly #totals: Totals;
  readonly #log: Log;
  /** Those under way, by how to make them fail. */
  readonly #pending = new Set<(error: unknown) => void>();

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
      const { hookTimeout } = this.#settings;
      return inTime(name, result, "hookTimeout", hookTimeout, this.#pending)
        .then(undefined, failed);
    } catch (error) {
      return failed(error);
    }
  }

  /** Waits no longer for those under way, but for `closer`. */
  abandon(error: unknown): void {
    for (const fail of this.#pending) fail(error);
  }

  /** Runs `closer`. Never rejects. */
  async close(object: T, label: () => string): Promise<void> {
    const { closer, closeTimeout } = this.#settings;
    if (closer === undefined) return;
    try {
      const result = outside(() => closer(object));
      if (!isThenable(result)) return;
      await inTime("closer", result, "closeTimeout", closeTimeout, new Set());
    } catch (error) {
      this.#failed("closer", label, error);
    }
  }

  /** Whether an object is to be discarded after an error of its user's. */
  spoiltBy(error: unknown): boolean {
    const { discardOnError } = this.#settings;
    if (typeof discardOnError === "boolean") return discardOnError;
    try {
      const spoilt: unknown = outside(() => discardOnError(error));
      if (!isThenable(spoilt)) return Boolean(spoilt);
      spoilt.then(undefined, () => {});
      throw new TypeError("discardOnError must not be asynchronous");
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
      if (!isThenable(text)) return inJson(text);
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

/** Throws unless JSON can express `value`. */
function inJson(value: unknown): unknown {
  if (typeof value !== "string") JSON.stringify(value);
  return value;
}

/** `work`, or a failure: once `delay` ms have passed (0: never), or when one of `pending` is called. */
function inTime(
  what: string,
  work: PromiseLike<unknown>,
  option: string,
  delay: number,
  pending: Set<(error: unknown) => void>,
): Promise<unknown> {
  return outside(() =>
    new Promise((resolve, reject) => {
      const timer = delay === 0
        ? undefined
        : setTimeout(() => fail(tooLong(what, option, delay, "check")), delay);
      const done = () => {
        clearTimeout(timer);
        pending.delete(fail);
      };
      const fail = (error: unknown) => {
        done();
        reject(error);
      };
      pending.add(fail);
      work.then((value) => {
        done();
        resolve(value);
      }, fail);
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

// The options and events of tarn, and what the options come to for our `Pool`.

import { MAX_DELAY } from "../pool/clock.ts";
import type { PoolOptions as OurOptions } from "../pool/options.ts";
import { checkBounds, checkFunctions } from "./lender.ts";

/** Hears of the resource that `create` has made, or of its failure. */
export type Callback<T> = (error: Error | null | undefined, resource?: T) => void;

/** Makes a resource: gives it or a promise of it, or nothing, and calls the callback. */
export type CallbackOrPromise<T> = (callback: Callback<T>) => PromiseLike<T> | T | void;

/** The options of tarn. */
export interface PoolOptions<T> {
  /** Makes a resource. */
  create: CallbackOrPromise<T>;
  /** Destroys one; may be async. */
  destroy: (resource: T) => unknown;
  /** How many are kept when they are unused for long. */
  min: number;
  /** How many there may be. */
  max: number;
  /**
   * How long an `acquire` may take, in ms.
   *
   * @default {30_000}
   */
  acquireTimeoutMillis?: number | undefined;
  /**
   * How long a `create` may take, in ms.
   *
   * @default {30_000}
   */
  createTimeoutMillis?: number | undefined;
  /**
   * How long a `destroy` may take, in ms; then another resource may be made.
   *
   * @default {5_000}
   */
  destroyTimeoutMillis?: number | undefined;
  /**
   * How long a resource may be unused, in ms, as long as there are more than `min`.
   *
   * @default {30_000}
   */
  idleTimeoutMillis?: number | undefined;
  /**
   * The longest rest after a `create` that failed, in ms.
   *
   * @default {200}
   */
  createRetryIntervalMillis?: number | undefined;
  /** Has no effect. */
  reapIntervalMillis?: number | undefined;
  /** Hears what went wrong, and how bad that is. */
  log?: ((message: string, level: "warn") => unknown) | undefined;
  /** Whether a resource that was given back is still good; may be async. */
  validate?: ((resource: T) => PromiseLike<boolean> | boolean) | undefined;
  /**
   * Whether a `create` that fails rejects an `acquire`; else that goes on waiting.
   *
   * @default {false}
   */
  propagateCreateError?: boolean | undefined;
}

/** The events of a pool, and what their listeners are called with. */
export interface Events<T> {
  /** `acquire` was called. */
  acquireRequest: [eventId: number];
  /** It has got a resource. */
  acquireSuccess: [eventId: number, resource: T];
  /** It has got none. */
  acquireFail: [eventId: number, error: Error];
  /** `release` was called. */
  release: [resource: T];
  /** `create` is called. */
  createRequest: [eventId: number];
  /** It has made a resource. */
  createSuccess: [eventId: number, resource: T];
  /** It has failed, or took too long. */
  createFail: [eventId: number, error: Error];
  /** A resource is destroyed. */
  destroyRequest: [eventId: number, resource: T];
  /** It is gone. */
  destroySuccess: [eventId: number, resource: T];
  /** `destroy` has failed, or took too long. */
  destroyFail: [eventId: number, resource: T, error: Error];
  /** There are resources that will be destroyed if nobody uses them. */
  startReaping: [];
  /** There are none any more. */
  stopReaping: [];
  /** The pool is destroyed. */
  poolDestroyRequest: [eventId: number];
  /** It is gone. */
  poolDestroySuccess: [eventId: number];
}

/** All options, and which of them are delays. */
const OPTIONS: Readonly<Record<keyof PoolOptions<unknown>, boolean>> = {
  create: false,
  destroy: false,
  min: false,
  max: false,
  acquireTimeoutMillis: true,
  createTimeoutMillis: true,
  destroyTimeoutMillis: true,
  idleTimeoutMillis: true,
  createRetryIntervalMillis: true,
  reapIntervalMillis: true,
  log: false,
  validate: false,
  propagateCreateError: false,
};

/** Throws unless the options are good. */
export function check<T>(options: PoolOptions<T>): void {
  const { create, destroy } = options ?? {};
  checkFunctions({ create, destroy });
  checkBounds(options);
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, name)) throw new TypeError(`new Pool: there is no option ${name}`);
    const isDelay = OPTIONS[name as keyof typeof OPTIONS] && value !== undefined;
    if (isDelay && !(value === Infinity || Number.isInteger(value) && value > 0)) {
      throw new RangeError(
        `new Pool: ${name} must be a whole number of ms from 1 on, got ${value}`,
      );
    }
  }
}

/** `usual`: where none is given. */
export function delay(given: number | undefined, usual: number): number {
  return Math.min(given ?? usual, MAX_DELAY);
}

/** What hears what goes wrong, as a logger. */
export function loggerOf(
  log: (message: string, level: "warn") => unknown,
): OurOptions<never>["logger"] {
  const quiet = () => {};
  const warn = (message: string) => log(message, "warn");
  return { debug: quiet, info: quiet, warn, error: warn };
}

/** What `create` gives, or calls its callback with. */
export function made<T>(create: CallbackOrPromise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const given = create((error, resource) => error ? reject(error) : resolve(resource as T));
    Promise.resolve(given).then((resource) => {
      if (resource) resolve(resource);
    }, reject);
  });
}

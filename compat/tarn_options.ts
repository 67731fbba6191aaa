// The options and events of tarn, and the options translated for our `Pool`.

import { MAX_DELAY } from "../pool/clock.ts";
import type { PoolOptions as OurOptions } from "../pool/options.ts";
import { checkBounds, checkFunctions } from "./lender.ts";

/** Gets the resource of `create`, or its failure. */
export type Callback<T> = (error: Error | null | undefined, resource?: T) => void;

/** Creates a resource: returns it or a promise of it, or calls the callback. */
export type CallbackOrPromise<T> = (callback: Callback<T>) => PromiseLike<T> | T | void;

/** The options of tarn. */
export interface PoolOptions<T> {
  /** Creates a resource. */
  create: CallbackOrPromise<T>;
  /** Destroys a resource; may be async. */
  destroy: (resource: T) => unknown;
  /** How many resources are kept, however long they are idle. */
  min: number;
  /** How many resources there may be. */
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
   * How long a `destroy` may take, in ms. Then another resource may be created.
   *
   * @default {5_000}
   */
  destroyTimeoutMillis?: number | undefined;
  /**
   * How long a resource may be idle, in ms, as long as there are more than `min`.
   *
   * @default {30_000}
   */
  idleTimeoutMillis?: number | undefined;
  /**
   * The longest rest after a failed `create`, in ms.
   *
   * @default {200}
   */
  createRetryIntervalMillis?: number | undefined;
  /** Has no effect. */
  reapIntervalMillis?: number | undefined;
  /** Gets messages about problems, and their level. */
  log?: ((message: string, level: "warn") => unknown) | undefined;
  /** Whether a released resource is still good; may be async. */
  validate?: ((resource: T) => PromiseLike<boolean> | boolean) | undefined;
  /**
   * Whether a failed `create` rejects an `acquire`; else the `acquire` waits on.
   *
   * @default {false}
   */
  propagateCreateError?: boolean | undefined;
}

/** The events of a pool, with the arguments of their listeners. */
export interface Events<T> {
  /** `acquire` was called. */
  acquireRequest: [eventId: number];
  /** `acquire` has got a resource. */
  acquireSuccess: [eventId: number, resource: T];
  /** `acquire` has failed. */
  acquireFail: [eventId: number, error: Error];
  /** `release` was called. */
  release: [resource: T];
  /** `create` was called. */
  createRequest: [eventId: number];
  /** `create` has returned a resource. */
  createSuccess: [eventId: number, resource: T];
  /** `create` has failed or exceeded its time limit. */
  createFail: [eventId: number, error: Error];
  /** `destroy` was called for a resource. */
  destroyRequest: [eventId: number, resource: T];
  /** It is destroyed. */
  destroySuccess: [eventId: number, resource: T];
  /** `destroy` has failed or exceeded its time limit. */
  destroyFail: [eventId: number, resource: T, error: Error];
  /** There are idle resources that may be destroyed. */
  startReaping: [];
  /** There are no such resources any more. */
  stopReaping: [];
  /** `destroy` of the pool was called. */
  poolDestroyRequest: [eventId: number];
  /** It is destroyed. */
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

/** Throws unless the options are valid. */
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

/** `usual`: the default. */
export function delay(given: number | undefined, usual: number): number {
  return Math.min(given ?? usual, MAX_DELAY);
}

/** A logger that passes problems to `log`. */
export function loggerOf(
  log: (message: string, level: "warn") => unknown,
): OurOptions<never>["logger"] {
  const quiet = () => {};
  const warn = (message: string) => log(message, "warn");
  return { debug: quiet, info: quiet, warn, error: warn };
}

/** The result of `create`, or of its callback. */
export function made<T>(create: CallbackOrPromise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const given = create((error, resource) => error ? reject(error) : resolve(resource as T));
    Promise.resolve(given).then((resource) => {
      if (resource) resolve(resource);
    }, reject);
  });
}

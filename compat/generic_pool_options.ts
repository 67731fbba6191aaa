// The options of generic-pool, translated for our `Pool`.

import { PoolError } from "../errors.ts";
import { OPTIONS } from "../pool/check.ts";
import { MAX_DELAY } from "../pool/clock.ts";
import type { PoolOptions } from "../pool/options.ts";

/** Creates, destroys and validates resources. */
export interface Factory<T> {
  /** Creates a resource. */
  create(): PromiseLike<T> | T;
  /** Destroys a resource. */
  destroy(resource: T): PromiseLike<unknown> | unknown;
  /** Whether a resource is still good: any result but false. */
  validate?(resource: T): PromiseLike<boolean> | boolean;
}

/** The options of generic-pool. Numbers may be strings. */
export interface Options {
  /**
   * How many resources there may be.
   *
   * @default {1}
   */
  max?: number | undefined;
  /**
   * How many resources are created at the start, and kept up; at most `max`.
   *
   * @default {0}
   */
  min?: number | undefined;
  /** How many `acquire`s may wait. 0: none. */
  maxWaitingClients?: number | undefined;
  /**
   * Whether to validate a resource before it is lent.
   *
   * @default {false}
   */
  testOnBorrow?: boolean | undefined;
  /**
   * Whether to validate a resource when it is released.
   *
   * @default {false}
   */
  testOnReturn?: boolean | undefined;
  /**
   * How long an `acquire` may take, in ms.
   *
   * @default no limit
   */
  acquireTimeoutMillis?: number | undefined;
  /**
   * How long a `destroy` may take, in ms.
   *
   * @default {5_000}
   */
  destroyTimeoutMillis?: number | undefined;
  /**
   * Whether the longest idle resource is lent (true), or the one returned last (false).
   *
   * @default {true}
   */
  fifo?: boolean | undefined;
  /**
   * How many priorities there are.
   *
   * @default {1}
   */
  priorityRange?: number | undefined;
  /**
   * Whether `min` resources are created at once, not at `start` or the first `acquire`.
   *
   * @default {true}
   */
  autostart?: boolean | undefined;
  /**
   * Whether idle resources are destroyed: any number but 0.
   *
   * @default {0}
   */
  evictionRunIntervalMillis?: number | undefined;
  /** Has no effect. */
  numTestsPerEvictionRun?: number | undefined;
  /**
   * How long a resource may be idle, in ms; less than 1: no limit but `idleTimeoutMillis`.
   *
   * @default {-1}
   */
  softIdleTimeoutMillis?: number | undefined;
  /**
   * How long a resource may be idle, in ms. The shorter of the two limits counts.
   *
   * @default {30_000}
   */
  idleTimeoutMillis?: number | undefined;
}

/** The events of a pool, with the arguments of their listeners. */
export interface Events {
  /** `create` has failed. */
  factoryCreateError: [error: Error];
  /** `destroy` has failed. */
  factoryDestroyError: [error: Error];
}

/** Throws unless `factory` has the functions that `options` need, or if an option is of our pool. */
export function check<T>(factory: Factory<T>, options: Options): void {
  const { testOnBorrow, testOnReturn } = options;
  const { create, destroy, validate } = factory;
  if (typeof create !== "function" || typeof destroy !== "function") {
    throw new TypeError("createPool: factory must have the functions create and destroy");
  }
  const wanted = testOnBorrow === true || testOnReturn === true || validate !== undefined;
  if (wanted && typeof validate !== "function") {
    throw new TypeError("createPool: factory.validate must be a function");
  }
  // generic-pool ignores what it does not know. With `maxSize` there would be one resource.
  const ours = Object.keys(options).find((name) => OPTIONS.includes(name));
  if (ours !== undefined) {
    throw new TypeError(
      `createPool: generic-pool has no option ${ours}: give its own, such as max, ` +
        "or what it lacks as the third argument",
    );
  }
}

/** The hooks that validate resources. */
export function hooksOf<T>(factory: Factory<T>, options: Options): PoolOptions<T> {
  const validate = (resource: T) => factory.validate!(resource);
  const retter = async (resource: T) => {
    if (await validate(resource) === false) {
      throw new PoolError("validate returned false");
    }
  };
  return {
    // Rounds need not validate: each resource is validated before it is lent.
    ...(options.testOnBorrow === true
      ? { health: validate, healthAfter: 0, healthFreq: MAX_DELAY }
      : {}),
    ...(options.testOnReturn === true ? { retter } : {}),
  };
}

/** How long a resource may be idle, in ms; 0: no limit. */
export function idleLimit(options: Options): number {
  if (!(Number(options.evictionRunIntervalMillis) > 0)) return 0;
  const hard = Number(options.idleTimeoutMillis || 30_000);
  const soft = Number(options.softIdleTimeoutMillis ?? -1);
  return Math.min(Math.max(soft > 0 ? Math.min(soft, hard) : hard, 1), MAX_DELAY);
}

/** A number or a numeric string, without its fraction. */
export function whole(value: number | string | undefined): number {
  return Number.parseInt(String(value), 10);
}

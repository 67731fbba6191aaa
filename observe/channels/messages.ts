// Messages: the messages that are published.

import type { CloseReason, Describe, ReturnEnd } from "../../pool/observe.ts";

/** A message of `proxypool:get`: the same object from `start` to `asyncEnd`. */
export interface GetMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** The key, if the pool is one of a `KeyedPool`. */
  readonly key?: unknown;
  /** The `label` of the borrower. */
  readonly label?: string;
  /**
   * The object: its number, and what `tracer`, else `String`, makes of it. Computed when it is
   * read; undefined until the object is lent.
   */
  readonly object: string | undefined;
  /** How long the call took, in milliseconds; set at its end. */
  readonly waited?: number;
  /** The failure, if there was one. */
  readonly error?: unknown;
}

/** A message of `proxypool:create`: the same object from `start` to `asyncEnd`. */
export interface CreateMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** The key, if the pool is one of a `KeyedPool`. */
  readonly key?: unknown;
  /** The number of the attempt. */
  readonly n: number;
  /** How long the attempt took, in milliseconds; set at its end. */
  readonly duration?: number;
  /** The failure, if there was one. */
  readonly error?: unknown;
}

/** A message of `proxypool:ret`: a loan has ended. */
export interface RetMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** The key, if the pool is one of a `KeyedPool`. */
  readonly key?: unknown;
  /** The `label` of the borrower. */
  readonly label?: string;
  /**
   * The object: its number, and what `tracer`, else `String`, makes of it. Computed when it is
   * read.
   */
  readonly object: string;
  /**
   * How long the object was held, in milliseconds; since the first subscription, if it was lent
   * before.
   */
  readonly held: number;
  /** How the loan ended. */
  readonly end: ReturnEnd;
}

/** A message of `proxypool:close`: an object was closed. */
export interface CloseMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** The key, if the pool is one of a `KeyedPool`. */
  readonly key?: unknown;
  /** The number of the attempt that created the object. */
  readonly n: number;
  /** The age of the object, in milliseconds. */
  readonly age: number;
  /** How many times the object was lent. */
  readonly uses: number;
  /** Why the object was closed. */
  readonly reason: CloseReason;
}

/** Which pool a message is about. */
export interface Whose {
  readonly pool: string;
  readonly key?: unknown;
}

/** A message about an object, which is described only when `object` is read. */
export class Described {
  readonly pool: string;
  declare readonly key?: unknown;
  declare readonly label?: string;
  #describe: Describe | undefined;

  constructor(whose: Whose, label: string | undefined, describe?: Describe) {
    this.pool = whose.pool;
    if ("key" in whose) this.key = whose.key;
    if (label !== undefined) this.label = label;
    this.#describe = describe;
  }

  get object(): string | undefined {
    return this.#describe?.();
  }

  /** Sets the description of the object. */
  isAbout(describe: Describe): void {
    this.#describe = describe;
  }
}

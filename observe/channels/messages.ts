// Messages: what is published.

import type { CloseReason, Describe, ReturnEnd } from "../../pool/observe.ts";

/** A message of `proxypool:get`: the same one from `start` to `asyncEnd`. */
export interface GetMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Of a `KeyedPool`, the key. */
  readonly key?: unknown;
  /** What the caller gave as `label`. */
  readonly label?: string;
  /**
   * What `tracer`, else `String`, makes of the object, after its number; computed when it is read.
   * Undefined until it is lent.
   */
  readonly object: string | undefined;
  /** How long the call took, in milliseconds; once it has ended. */
  readonly waited?: number;
  /** What it failed with, if it did. */
  readonly error?: unknown;
}

/** A message of `proxypool:create`: the same one from `start` to `asyncEnd`. */
export interface CreateMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Of a `KeyedPool`, the key. */
  readonly key?: unknown;
  /** Which attempt it is. */
  readonly n: number;
  /** How long it took, in milliseconds; once it has ended. */
  readonly duration?: number;
  /** What it failed with, if it did. */
  readonly error?: unknown;
}

/** A message of `proxypool:ret`: a borrower is done with its object. */
export interface RetMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Of a `KeyedPool`, the key. */
  readonly key?: unknown;
  /** What the borrower gave as `label`. */
  readonly label?: string;
  /** What `tracer`, else `String`, makes of the object, after its number; computed when it is read. */
  readonly object: string;
  /** How long it was held, in milliseconds; of one lent before anybody subscribed, since then. */
  readonly held: number;
  /** How it ended. */
  readonly end: ReturnEnd;
}

/** A message of `proxypool:close`: an object is gone. */
export interface CloseMessage {
  /** The name of the pool. */
  readonly pool: string;
  /** Of a `KeyedPool`, the key. */
  readonly key?: unknown;
  /** Which attempt had made it. */
  readonly n: number;
  /** How old it got, in milliseconds. */
  readonly age: number;
  /** How many times it was lent. */
  readonly uses: number;
  /** Why it was closed. */
  readonly reason: CloseReason;
}

/** Which pool a message is about. */
export interface Whose {
  readonly pool: string;
  readonly key?: unknown;
}

/** A message about an object, which is described only if somebody asks. */
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

  /** It is about that object. */
  isAbout(describe: Describe): void {
    this.#describe = describe;
  }
}

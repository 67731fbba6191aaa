// Publish: publishes the events of a pool while there are subscribers.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { type Group, groupOf, type GroupRefusal, type PoolGroup } from "../../pool/group.ts";
import { loanBehind } from "../../pool/lease.ts";
import { isLoan, type PoolLoan } from "../../pool/loan.ts";
import type { ClosedEvent, CreatedEvent, Describe, ReturnEnd, Tap } from "../../pool/observe.ts";
import { EARLIER, type GetOptions, type ResumedOptions } from "../../pool/options.ts";
import { type Seam, withoutSeam, withSeam } from "../../pool/seam.ts";
import type { State } from "../../pool/state.ts";
import { type CreateMessage, Described, type Whose } from "./messages.ts";
import { channels, isHeard, type TracingChannel } from "./open.ts";

/**
 * Publishes the events of a pool to `node:diagnostics_channel`, from now on:
 *
 * - `proxypool:get`, a tracing channel, around each `get`, `borrow`, `use` and `tryGet`, with
 *   {@linkcode GetMessage}. Its messages are published in the caller's asynchronous context. Stores
 *   bound to its `start` are active while the pool looks for an object.
 * - `proxypool:create`, a tracing channel, around each attempt to create an object, with
 *   {@linkcode CreateMessage}. Stores bound to its `start` are active in `fun` and `opener`. These
 *   run outside every caller's context, and so do its messages.
 * - `proxypool:ret`, with {@linkcode RetMessage}, when a loan ends, in the context of the code that
 *   ends it.
 * - `proxypool:close`, with {@linkcode CloseMessage}, when an object was closed.
 *
 * The messages of a `KeyedPool` have the `key`. A `get` that waits for a place for its key is published
 * once it has the place, or is refused.
 *
 * The pool asks for subscribers at each call: you can subscribe before or after `publish`, and
 * without subscribers there are no messages. On a runtime without `node:diagnostics_channel` this
 * does nothing.
 *
 * @example
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * import { Pool } from "@x/proxypool";
 * import { publish, type RetMessage } from "@x/proxypool/channels";
 *
 * const ends: string[] = [];
 * subscribe("proxypool:ret", (message) => ends.push((message as RetMessage).end));
 * const pool = new Pool(() => ({}), { maxSize: 1 });
 * using _publishing = publish(pool);
 * await pool.use(() => {});
 * console.assert(ends.join() === "returned");
 * await pool.shutdown();
 * ```
 *
 * @param pool the pool, or a `KeyedPool`; to publish it twice has no further effect
 * @returns dispose of it to end this
 * @throws {TypeError} the argument is no pool
 */
export function publish<T>(pool: Pool<T> | PoolGroup): Disposable {
  const group = groupOf(pool);
  if (group !== undefined) return { [dispose]: once(group, () => publishGroup(group)) };
  const inside = insideOf(pool as Pool<T>) as State<unknown>;
  return { [dispose]: publishOne(inside, { pool: inside.name }) };
}

/** What is published, and how many calls of `publish` for it are not disposed of. */
const published = new WeakMap<object, { users: number; readonly end: () => void }>();

/** Publishes it, unless it is already published, until the returned function is called. */
function once(what: object, begin: () => () => void): () => void {
  const one = published.get(what) ?? { users: 0, end: begin() };
  published.set(what, one);
  one.users++;
  let publishing = true;
  return () => {
    if (!publishing) return;
    publishing = false;
    if (--one.users > 0) return;
    published.delete(what);
    one.end();
  };
}

function publishOne(pool: State<unknown>, whose: Whose): () => void {
  return once(pool, () => {
    const publisher = new Publisher(pool, whose);
    return () => publisher.end();
  });
}

function publishGroup(group: Group): () => void {
  const { name } = group;
  return group.watch({
    began: (key, pool) => publishOne(pool, { pool: name, key }),
    refused: (key, refusal) => tellRefused({ pool: name, key }, refusal),
  });
}

/** A `get` whose key had no pool: all its messages at once. */
function tellRefused(whose: Whose, { error, label, waited }: GroupRefusal): void {
  const get = channels?.get;
  if (get === undefined || !isHeard(get)) return;
  const message = new Described(whose, label);
  around(get, message, () => {});
  tellFailed(get, message, { waited, error });
}

/** Publishes for one pool. */
class Publisher implements Seam {
  readonly #pool: State<unknown>;
  readonly #whose: Whose;
  readonly #created: Tap;
  /** The pool must read the clock for it, so it is attached only while there are subscribers. */
  readonly #returned: Tap;
  #isReturning = false;
  readonly #attempts = new Map<number, CreateMessage>();

  constructor(pool: State<unknown>, whose: Whose) {
    this.#pool = pool;
    this.#whose = whose;
    this.#created = {
      created: (event) => this.#endCreate(event),
      closed: (event) => this.#close(event),
    };
    this.#returned = {
      returned: (held, label, end, describe) => this.#return(held, label, end, describe),
    };
    pool.seam = withSeam(pool.seam, this);
    pool.observers.addTap(this.#created);
  }

  end(): void {
    const pool = this.#pool;
    pool.seam = withoutSeam(pool.seam, this);
    pool.observers.removeTap(this.#created);
    this.#tapReturns(false);
  }

  wanted(): boolean {
    this.returning();
    return channels !== undefined && isHeard(channels.get);
  }

  returning(): void {
    if (channels !== undefined) this.#tapReturns(channels.ret.hasSubscribers);
  }

  #tapReturns(on: boolean): void {
    if (on === this.#isReturning) return;
    const { observers } = this.#pool;
    this.#isReturning = on;
    on ? observers.addTap(this.#returned) : observers.removeTap(this.#returned);
    this.#pool.refresh();
  }

  get<R>(options: GetOptions | undefined, run: () => Promise<R>): Promise<R> {
    const get = channels?.get;
    if (get === undefined || !isHeard(get)) return run();
    const message = new Described(this.#whose, labelOf(options));
    const begun = performance.now() - earlier(options);
    // The callback runs in the context of this call.
    return around(get, message, run).then((lent) => {
      this.#isLent(message, lent, begun);
      tellEnd(get, message);
      return lent;
    }, (error) => {
      tellFailed(get, message, { waited: performance.now() - begun, error });
      throw error;
    });
  }

  getNow<R>(run: () => R): R {
    const get = channels?.get;
    if (get === undefined || !isHeard(get)) return run();
    const message = new Described(this.#whose, undefined);
    const begun = performance.now();
    return around(get, message, () => {
      const lent = run();
      this.#isLent(message, lent, begun);
      return lent;
    });
  }

  #isLent(message: Described, lent: unknown, begun: number): void {
    const loan = loanBehind(lent) ?? (isLoan(lent) ? lent as PoolLoan<unknown> : undefined);
    // By its entry: a message must not keep a lease alive.
    const entry = loan?.entry;
    if (entry !== undefined) message.isAbout(() => this.#pool.hooks.label(entry));
    Object.assign(message, { waited: performance.now() - begun });
  }

  create(n: number, run: () => void): void {
    const create = channels?.create;
    if (create === undefined || !isHeard(create)) return run();
    const message = { ...this.#whose, n };
    this.#attempts.set(n, message);
    around(create, message, run);
  }

  #endCreate({ n, duration, ...outcome }: CreatedEvent): void {
    const message = this.#attempts.get(n);
    if (message === undefined || channels === undefined) return;
    this.#attempts.delete(n);
    Object.assign(message, { duration, ...outcome });
    if ("error" in outcome) channels.create.error.publish(message);
    tellEnd(channels.create, message);
  }

  #close(event: ClosedEvent): void {
    if (channels?.close.hasSubscribers) channels.close.publish({ ...this.#whose, ...event });
  }

  #return(held: number, label: string | undefined, end: ReturnEnd, describe: Describe): void {
    const message = new Described(this.#whose, label, describe);
    channels?.ret.publish(Object.assign(message, { held, end }));
  }
}

/** The pool checks the options, and throws if they are wrong. */
function labelOf(options: GetOptions | undefined): string | undefined {
  try {
    return options?.label;
  } catch {
    return undefined;
  }
}

/** How long the borrower waited for a place for its key, in ms. */
function earlier(options: ResumedOptions | undefined): number {
  return options?.[EARLIER]?.waited ?? 0;
}

/** Publishes the synchronous part of a call. */
function around<R>({ end, error, start }: TracingChannel, message: object, run: () => R): R {
  const call = () => {
    try {
      return run();
    } catch (thrown) {
      error.publish(Object.assign(message, { error: thrown }));
      throw thrown;
    } finally {
      end.publish(message);
    }
  };
  if (start.runStores !== undefined) return start.runStores(message, call);
  start.publish(message);
  return call();
}

function tellFailed(
  channel: TracingChannel,
  message: object,
  failure: { waited: number; error: unknown },
): void {
  channel.error.publish(Object.assign(message, failure));
  tellEnd(channel, message);
}

function tellEnd({ asyncEnd, asyncStart }: TracingChannel, message: object): void {
  asyncStart.publish(message);
  asyncEnd.publish(message);
}

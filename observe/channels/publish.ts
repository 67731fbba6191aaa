// Publish: publishes what happens in a pool, as long as somebody listens.

import { dispose } from "../../disposal.ts";
import { insideOf, type Pool } from "../../pool.ts";
import { groupOf, type PoolGroup } from "../../pool/group.ts";
import { loanBehind } from "../../pool/lease.ts";
import { isLoan, type PoolLoan } from "../../pool/loan.ts";
import type { ClosedEvent, CreatedEvent, Describe, ReturnEnd, Tap } from "../../pool/observe.ts";
import { EARLIER, type GetOptions, type ResumedOptions } from "../../pool/options.ts";
import { type Seam, withoutSeam, withSeam } from "../../pool/seam.ts";
import type { State } from "../../pool/state.ts";
import { type CreateMessage, Described, type Whose } from "./messages.ts";
import { channels, isHeard, type TracingChannel } from "./open.ts";

/**
 * Publishes what happens in a pool to `node:diagnostics_channel`, from now on:
 *
 * - `proxypool:get`, a tracing channel, around each `get`, `borrow`, `use` and `tryGet`, with
 *   {@linkcode GetMessage}. All its messages are published in the asynchronous context of the caller.
 *   Stores that are bound to its `start` are in force while the pool looks for an object.
 * - `proxypool:create`, a tracing channel, around each attempt to make an object, with
 *   {@linkcode CreateMessage}. Stores that are bound to its `start` are in force in `fun` and `opener`.
 *   These run in no caller's context, and its messages are published in none.
 * - `proxypool:ret`, with {@linkcode RetMessage}, when a borrower is done, in the context of the one who
 *   gives back.
 * - `proxypool:close`, with {@linkcode CloseMessage}, when an object is gone.
 *
 * Of a `KeyedPool` each message has the `key`. A `get` that waits for a place for its key is published once it
 * has one; one that gets none is not.
 *
 * Whether somebody has subscribed is asked at each call: the order of that and of `publish` does not
 * matter, and a pool to which nobody listens makes no messages. On a runtime without
 * `node:diagnostics_channel` nobody can have subscribed, and this does nothing.
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
 * @param pool what is published: a pool, or a `KeyedPool`; twice is no more than once
 * @returns dispose of it to end that
 * @throws {TypeError} it is no pool
 */
export function publish<T>(pool: Pool<T> | PoolGroup): Disposable {
  const group = groupOf(pool);
  if (group === undefined) {
    const inside = insideOf(pool as Pool<T>) as State<unknown>;
    return { [dispose]: begin(inside, { pool: inside.name }) };
  }
  const { name } = group;
  const end = group.watch({ began: (key, inside) => begin(inside, { pool: name, key }) });
  return { [dispose]: end };
}

/** Returns what ends it. */
function begin(pool: State<unknown>, whose: Whose): () => void {
  const publisher = publishers.get(pool) ?? new Publisher(pool, whose);
  publishers.set(pool, publisher);
  publisher.users++;
  let publishing = true;
  return () => {
    if (!publishing) return;
    publishing = false;
    if (--publisher.users > 0) return;
    publishers.delete(pool);
    publisher.end();
  };
}

const publishers = new WeakMap<State<unknown>, Publisher>();

/** Publishes for one pool. */
class Publisher implements Seam {
  /** How many have asked for it. */
  users = 0;
  readonly #pool: State<unknown>;
  readonly #whose: Whose;
  readonly #created: Tap;
  /** Makes the pool keep time: so it is there only while somebody listens. */
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
    // What is called then is in the context of this call.
    return around(get, message, run).then((lent) => {
      this.#isLent(message, lent, begun);
      tellEnd(get, message);
      return lent;
    }, (error) => {
      Object.assign(message, { waited: performance.now() - begun, error });
      get.error.publish(message);
      tellEnd(get, message);
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
    // By its entry: the message must not keep a lease from being collected.
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

/** The pool checks the options: what is wrong with them is its to say. */
function labelOf(options: GetOptions | undefined): string | undefined {
  try {
    return options?.label;
  } catch {
    return undefined;
  }
}

/** For how long it has waited elsewhere before, in ms. */
function earlier(options: ResumedOptions | undefined): number {
  return options?.[EARLIER]?.waited ?? 0;
}

/** Its synchronous part. */
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

function tellEnd({ asyncEnd, asyncStart }: TracingChannel, message: object): void {
  asyncStart.publish(message);
  asyncEnd.publish(message);
}

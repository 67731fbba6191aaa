// Use: lends the object itself to a callback, and takes it back.

import { abortReason, isThenable } from "../values.ts";
import { acquire, acquireQuickly, keepResolver, takeResolver } from "./acquire.ts";
import { lend, pick } from "./lend.ts";
import type { Borrower } from "./entry.ts";
import { takenAway } from "./explain.ts";
import { DONE } from "./hooks.ts";
import { runWithin } from "./nesting.ts";
import type { GetOptions, UseContext } from "./options.ts";
import { rejecting, type Resolve } from "./queue.ts";
import { release } from "./release.ts";
import type { State } from "./state.ts";
import type { Usage } from "./usage.ts";

const { then } = Promise.prototype;

/** What `use` calls. */
export type Use<T, R> = (object: T, context: UseContext) => R | PromiseLike<R>;

/**
 * Lends an object to `fn`, and takes it back. Without an async function around it, which would cost as
 * much again.
 */
export function use<T, R>(
  pool: State<T>,
  fn: Use<T, R>,
  options: GetOptions | undefined,
  below: unknown,
): Promise<R> {
  if (options === undefined && pool.quick && !pool.seam?.wanted()) {
    const entry = pool.queue.size === 0 ? pick(pool) : undefined;
    if (entry !== undefined) return now(lend(pool, entry, pool.usual.use) as Usage<T>, fn);
  }
  const taken = options === undefined
    ? acquireQuickly(pool, pool.usual.use, below)
    : acquire(pool, pool.usual.use, options, below);
  const signal = options?.signal;
  const promise = new Promise<unknown>(keepResolver);
  const resolve = takeResolver();
  void taken.then(
    (usage) => begin(usage as Usage<T>, fn, signal, resolve),
    (error) => resolve(rejecting(error)),
  );
  return promise as Promise<R>;
}

/** An object was there. */
function now<T, R>(usage: Usage<T>, fn: Use<T, R>): Promise<R> {
  try {
    const result = fn(usage.entry.object, usage);
    if (!isThenable(result)) {
      return Promise.resolve(done(usage, result));
    }
    const promise = new Promise<unknown>(keepResolver);
    wait(usage, result, takeResolver());
    return promise as Promise<R>;
  } catch (error) {
    return Promise.resolve(failed(usage, error));
  }
}

/** An object has come; others had their turn since it was lent. */
function begin<T, R>(
  usage: Usage<T>,
  fn: Use<T, R>,
  signal: AbortSignal | undefined,
  resolve: Resolve<unknown>,
): void {
  const { end, pool } = usage;
  if (end !== undefined) return resolve(rejecting(takenAway(pool.name, end)));
  if (signal?.aborted) {
    void release(pool, usage); // nobody has touched it
    return resolve(rejecting(abortReason(signal)));
  }
  try {
    if (signal !== undefined) usage.listen(signal);
    const { borrower } = usage;
    const result = borrower?.trace === undefined
      ? fn(usage.entry.object, usage)
      : runTraced(usage, borrower, fn);
    if (isThenable(result)) wait(usage, result, resolve);
    else resolve(done(usage, result));
  } catch (error) {
    resolve(failed(usage, error));
  }
}

/** In a context that tells what is borrowed in the callback that it is nested. */
function runTraced<T, R>(
  usage: Usage<T>,
  borrower: Borrower,
  fn: Use<T, R>,
): R | PromiseLike<R> {
  const asked = usage.pool.settings.traceHolders === true;
  return runWithin(borrower, asked, () => fn(usage.entry.object, usage));
}

/** The callback takes its time; what `use` gives may be settled before. */
function wait<T, R>(usage: Usage<T>, result: PromiseLike<R>, resolve: Resolve<unknown>): void {
  // Not by its own `then`, which might call back twice.
  void then.call(
    Promise.resolve(result),
    (value) => settle(usage, done(usage, value as R)),
    (error) => settle(usage, failed(usage, error)),
  );
  usage.resolve = resolve;
  if (usage.stopped !== undefined) usage.leave();
  else if (usage.control?.aborted !== undefined) usage.limit();
}

function settle<T>(usage: Usage<T>, given: unknown): void {
  usage.resolve!(given);
}

/** The callback has given something. */
function done<T, R>(usage: Usage<T>, value: R): R | PromiseLike<R> {
  if (usage.control !== undefined && isOver(usage)) return rejecting(usage.stopped!.reason);
  if (usage.end !== undefined) return value; // the callback itself has given the object back
  const { pool } = usage;
  if (typeof value === "object" && value !== null) warnOfStream(usage, value);
  const returned = release(pool, usage);
  return returned === DONE ? value : returned.then(() => value);
}

/** The callback has failed. A rejected promise would be taken for one that nobody handles. */
function failed<T>(usage: Usage<T>, error: unknown): PromiseLike<never> {
  if (usage.control !== undefined && isOver(usage)) return rejecting(usage.stopped!.reason);
  usage.fail(error);
  if (usage.end !== undefined) return rejecting(error);
  const returned = release(usage.pool, usage);
  // `use` need not wait until an object is closed.
  if (returned === DONE || usage.ended && usage.end !== "returned") return rejecting(error);
  return returned.then(() => {
    throw error;
  });
}

/** Nobody listens any more. Whether `use` was stopped: then it rejects, and its object goes back. */
function isOver<T>(usage: Usage<T>): boolean {
  usage.unlisten();
  usage.over();
  const { stopped } = usage;
  if (stopped === undefined) return false;
  usage.fail(stopped.reason);
  if (usage.end === undefined) void release(usage.pool, usage);
  return true;
}

/** What reads from an object is of no use once that has gone back, and of harm to its next user. */
function warnOfStream<T>({ pool }: Usage<T>, value: object): void {
  if (pool.warnedOfStream || !isStream(value)) return;
  pool.warnedOfStream = true;
  pool.log.warn(() =>
    "the callback of use() returned an iterator or a stream, but its object may be lent again by now: " +
    "read to the end within the callback, or hold the object by borrow()"
  );
}

function isStream(value: object): boolean {
  try {
    const { pipe, getReader, next } = value as Record<string, unknown>;
    return Symbol.asyncIterator in value || typeof pipe === "function" ||
      typeof getReader === "function" || typeof next === "function" && Symbol.iterator in value;
  } catch {
    return false;
  }
}

// Quota: the interfaces between a pool and a quota over many pools. Types only.

import type { Holder } from "../errors.ts";

/** A pool, as its quota sees it. */
export interface QuotaClient {
  /** What messages call the pool. */
  readonly name?: string;
  /**
   * How many objects the pool could close at once: the idle ones over `minSize`. There is no event
   * when it grows: read it again while a request waits, or implement
   * {@linkcode QuotaMember.yields}. Read it once a request waits: from then on the pool looks for
   * leaked leases, as it otherwise does only when a `get` waits in it.
   */
  readonly available: number;
  /**
   * How long the longest idle of these has been idle, in ms: a quota may reclaim that one first.
   */
  readonly unused?: number;
  /**
   * Tells the pool that another one waits for a permit. The pool closes its longest idle object
   * over `minSize`. If it has none, it closes the next object over `minSize` that is returned,
   * instead of lending it. So call this only for a pool that is above its fair share, or has some
   * `available`. If the quota has {@linkcode QuotaMember.yields}, the pool asks that for each
   * returned object instead.
   *
   * @returns whether an object is being closed now
   */
  reclaim(): boolean;
  /**
   * Who holds its objects, the longest held first: for {@linkcode QuotaMember.shares} of others. It calls
   * `tracer`, so call it only where a message is made.
   *
   * @param most how many to name at the most
   * @returns the holders
   */
  holders?(most: number): readonly Holder[];
}

/** What one pool has of a quota, for the message of a `get` that waits for a permit in another pool. */
export interface QuotaShare {
  /** What messages call the pool. */
  readonly pool: string;
  /** How many permits it has. */
  readonly permits: number;
  /** Who holds its objects, the longest held first. */
  readonly holders: readonly Holder[];
}

/**
 * Bounds how many objects several pools have together: the option `quota` of each.
 *
 * A pool attaches when it starts. It acquires a permit before it creates an object, and releases
 * the permit once the object is closed.
 */
export interface Quota {
  /**
   * Adds a pool. It must do no I/O yet.
   *
   * @param client the pool
   * @returns the pool's member, which gives it permits
   */
  attach(client: QuotaClient): QuotaMember;
}

/**
 * A pool's part in a {@linkcode Quota}. The pool disposes of it after releasing the last permit. If
 * a permit arrives after its request was withdrawn, the pool releases it at once, even after the
 * disposal.
 */
export interface QuotaMember extends AsyncDisposable {
  /**
   * Waits for a permit, without a time limit.
   *
   * @param options `signal`: aborts once the permit is no longer needed, or the pool is shut down;
   * then `acquire` rejects, and takes no permit
   * @returns the permit
   * @throws why the quota cannot give permits: the `cause` of a failed creation
   */
  acquire(options: { signal: AbortSignal }): Promise<Permit>;
  /**
   * Whether the pool must close a returned object over `minSize`, because another pool waits for a
   * permit. Optional: without it {@linkcode QuotaClient.reclaim} alone decides. It must be fast,
   * and must not throw.
   *
   * @param needed whether a waiter of its own pool would get the object; else it would become idle
   */
  yields?(needed: boolean): boolean;
  /**
   * Which other pools have permits, and who holds objects there: a `get` that ran into its `timeout` while
   * its pool waited for a permit says that. Optional: between processes nobody may know. It must not throw.
   *
   * @param most how many holders to name at the most
   * @returns the pools; those that have had their permits for longest come first
   */
  shares?(most: number): readonly QuotaShare[];
}

/** Allows a pool to have one object. */
export interface Permit {
  /**
   * Takes the permit back: its object is closed, or none was created. Called exactly once; must not
   * throw.
   */
  release(): void;
  /**
   * Aborts if the permit ends before its release: the pool then closes its object at once. The pool
   * reads it again before it lends the object, so it may return an aborted signal.
   */
  readonly lost?: AbortSignal | undefined;
}

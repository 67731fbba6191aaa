// Quota: what decides, over many pools, whether one more object may be made. Types only.

import type { Holder } from "../errors.ts";

/** What a pool looks like to its quota. */
export interface QuotaClient {
  /** What messages call the pool. */
  readonly name?: string;
  /**
   * How many objects it could close at once: those that are available, as far as they are over `minSize`.
   * That it has grown is told nobody: look again while somebody waits, or have
   * {@linkcode QuotaMember.yields}. Read it once somebody waits: from then on the pool notices leases that
   * are lost, of which it would otherwise know nothing until somebody waits in it.
   */
  readonly available: number;
  /**
   * For how long the longest unused of these has been available, in ms; a quota may have that one closed
   * first.
   */
  readonly unused?: number;
  /**
   * Somebody waits for a permit elsewhere: the pool closes its longest unused object, if it has one over
   * `minSize`. If it has none available, it closes the next object over `minSize` that comes back, instead
   * of lending it: so call this only of a pool that is above its fair share, or has some `available`. A
   * pool whose quota has {@linkcode QuotaMember.yields} asks that instead when an object comes back.
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
 * Bounds how many objects some pools have together: the option `quota` of each.
 *
 * A pool attaches when it starts. It asks for a permit before it makes an object, and releases the permit
 * once the object is gone.
 */
export interface Quota {
  /**
   * A pool begins to take part. It must do no I/O yet.
   *
   * @param client the pool
   * @returns what the pool asks for permits
   */
  attach(client: QuotaClient): QuotaMember;
}

/**
 * A pool's part in a {@linkcode Quota}. It is disposed of after its last permit. A permit that was on its
 * way when its request was withdrawn is released as soon as it comes, also after that.
 */
export interface QuotaMember extends AsyncDisposable {
  /**
   * Asks for a permit, for as long as it takes.
   *
   * @param options `signal`: aborts once the permit is not needed any more, or the pool is shut down;
   * `acquire` then rejects, and takes nothing
   * @returns the permit
   * @throws what keeps the quota from giving permits: the creation fails with that as its `cause`
   */
  acquire(options: { signal: AbortSignal }): Promise<Permit>;
  /**
   * Whether an object that has just come back, and is over `minSize`, is to be closed for somebody who
   * waits for a permit elsewhere. Optional: without it the pool goes by {@linkcode QuotaClient.reclaim}
   * alone. It must be fast, and must not throw.
   *
   * @param needed somebody waits for the object in its own pool; else it would become available
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

/** Allows one object to exist. */
export interface Permit {
  /** The object is gone, or none was made. Called exactly once; must not throw. */
  release(): void;
  /**
   * Aborts if the permit has ended before it was released: its object is taken away and closed at once.
   * It is read again before the object is lent: a quota that knows by then gives a signal that has aborted.
   */
  readonly lost?: AbortSignal | undefined;
}

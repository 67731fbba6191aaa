// Totals: what a pool counts.

/** What has happened since the pool was made; each only grows. */
export class Totals {
  /** Objects made, also those that `opener` then failed for, which count as `createFailed` too. */
  created = 0;
  /** Attempts to make one that failed. */
  createFailed = 0;
  /** Objects lent. */
  gets = 0;
  /** Leases given back, and uses that ended. */
  returned = 0;
  /** Objects discarded after `maxUse` uses. */
  wornOut = 0;
  /** Objects discarded after being unused for `maxAvailDelay`. */
  recycled = 0;
  /** Objects discarded at `maxLifetime`. */
  expired = 0;
  /** Objects taken away after `maxUsingDelayKill`, or by a shutdown that ran out of time. */
  killed = 0;
  /** Leases that were garbage-collected without being given back. */
  leaked = 0;
  /** Objects discarded by their user, by `reset` or by `resize`. */
  discarded = 0;
  /** Objects taken out of the pool by `detach`. */
  detached = 0;
  /** Objects that are gone, through `closer` where there is one. */
  closed = 0;
  /** Calls of `health`. */
  healthChecks = 0;
  /** Objects that `health` did not find good. */
  unhealthy = 0;
  /** `get`s that took longer than their `timeout`. */
  timeouts = 0;
  /** `get`s given up by their `signal`. */
  aborted = 0;
  /** `get`s that failed otherwise: refused, or told of a failure. */
  rejected = 0;
  /** Leases given back again. */
  doubleReturns = 0;
  /** Housekeeping rounds. */
  hkRounds = 0;
  /** Housekeeping rounds that failed: none, unless there is a bug in the pool. */
  hkErrors = 0;
  /** Hooks that failed or took too long. */
  hookErrors = 0;
}

// Settings: the server, the callers, and the pools between them, alike for all.

/** How many objects each pool may have. */
export const OBJECTS = 10;

/** How long the server works on a request, in ms; with ten connections that is 200 requests a second. */
export const WORK = 50;

/** How long it takes to greet a new connection, in ms. */
export const HELLO = 10;

/** A caller that has no answer by then has gone, in ms. */
export const PATIENCE = 1_000;

/** How many callers there are during an outage. */
export const CALLERS = 200;

/** How long such a caller pauses after an answer, in ms: at random, at least and at most. */
export const PAUSE = [1_000, 2_000] as const;

/** Load before and after an overload, as a share of the capacity. */
export const CALM = 0.5;

/** Our option `queueTarget`, in ms: twice of what the work takes. */
export const TARGET = 2 * WORK;

/** Our option `createBackoff`, in ms: after a longer rest nobody is left of those who waited. */
export const BACKOFF = PATIENCE;

/** Width of what is drawn as one point, in ms. */
export const BIN = 500;

/** Chances are the same in each run. */
export const SEED = 12;

export const POOLS = [
  "ours, shedding",
  "ours, without",
  "generic-pool",
  "tarn",
  "pg-pool",
] as const;

export type PoolName = typeof POOLS[number];

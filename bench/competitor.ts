// Competitor: what each pool does, in its own way of doing it.

import type { Thing } from "./thing.ts";

/** Objects there are, in each pool; all are made before anything is measured. */
export const OBJECTS = 10;

/** How long a `get` may take, as users set it: what bounds it is part of what it costs. */
export const TIMEOUT = 30_000;

/**
 * One pool. Each writes out the same loops by itself, for the compiler to see one pool in them only, and
 * for no promise to be among what is measured that is not the pool's.
 */
export interface Competitor {
  /** So many times: gets an object, calls its method, gives it back. */
  turns(times: number): Promise<void>;
  /** Two turns, each of which lets others run while it has the object. */
  task(): Promise<void>;
  /** The same, if the pool has a function that gets and gives back. */
  uses?(times: number): Promise<void>;
  /** One object, waited for if need be. */
  get(): PromiseLike<Thing>;
  ret(thing: Thing): unknown;
}

/** Makes a new pool, full of objects. */
export type Enter = () => Promise<Competitor>;

/** Has all objects made, by having all of them out at once. */
export async function warmedUp(competitor: Competitor): Promise<Competitor> {
  const things = await Promise.all(Array.from({ length: OBJECTS }, () => competitor.get()));
  await Promise.all(things.map((thing) => competitor.ret(thing)));
  return competitor;
}

// Rules: who gives a place to whom, and when. They only decide.

/** What is known of who has and wants places. */
export interface Shares {
  readonly max: number;
  /** Of those who hold a place or wait. */
  readonly contenders: number;
}

/**
 * Whether who has `mine` places is to give one to who has `theirs`, though none is idle. It must have two
 * more, or else the two would take it from each other for ever; who has none must not wait for ever.
 */
export function isAbove(mine: number, theirs: number, { max, contenders }: Shares): boolean {
  return mine > max / contenders && (theirs === 0 || mine > theirs + 1);
}

/**
 * For how many ms a place is kept that one has had for `age` ms: the one held for longest goes first, so
 * that all are held for equally long.
 */
export function graceOf(age: number, slice: number): number {
  return slice / (1 + age / slice);
}

/** When the one at `position` of those who were called looks for a place, if `free` are free. */
export function turnOf(position: number, free: number, turn: number): number {
  return Math.max(0, position - free + 1) * turn;
}

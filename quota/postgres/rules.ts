// Rules: decides which process releases a place, and when. Pure functions.

/** The known numbers of places and processes. */
export interface Shares {
  readonly max: number;
  /** How many processes hold a place or wait. */
  readonly contenders: number;
}

/**
 * Whether a process with `mine` places, none of them idle, must release one for a process with
 * `theirs`. It must have two more: otherwise the two would take the place from each other for ever.
 * A process without any must not wait for ever.
 */
export function isAbove(mine: number, theirs: number, { max, contenders }: Shares): boolean {
  return mine > max / contenders && (theirs === 0 || mine > theirs + 1);
}

/**
 * How long a place of this `age` is kept, both in ms. The oldest place is released first, so that
 * all are held equally long.
 */
export function graceOf(age: number, slice: number): number {
  return slice / (1 + age / slice);
}

/** When the process at `position` of those called looks for a place, if `free` are free. */
export function turnOf(position: number, free: number, turn: number): number {
  return Math.max(0, position - free + 1) * turn;
}

// Rules: which member gets a free place, and which must release one. They only decide.

/** A member, as it was read. */
export interface Seen {
  readonly slot: number;
  readonly id: number;
  /** How many places it holds and waits for, in all. */
  readonly target: number;
  /** When it began to wait, or was last given a place; the numbers may wrap around. */
  readonly ticket: number;
  /** How many of its objects are being closed for others. */
  readonly promised: number;
  held: number;
}

/** All members and places, as they were read. */
export interface Picture {
  readonly max: number;
  readonly members: readonly Seen[];
  /** How many places are free, and one of them. */
  free: number;
  place: { readonly place: number; readonly was: number } | undefined;
}

/** How many places a member waits for. */
export function wants({ target, held }: Seen): number {
  return Math.max(0, target - held);
}

/** The waiting member with the fewest places; of several, the one that was served longest ago. */
export function nextOf({ members }: Picture): Seen | undefined {
  let next: Seen | undefined;
  for (const member of members) {
    if (wants(member) > 0 && (next === undefined || isBefore(member, next))) next = member;
  }
  return next;
}

function isBefore(a: Seen, b: Seen): boolean {
  return a.held < b.held || a.held === b.held && ((a.ticket - b.ticket) | 0) < 0;
}

/** How many places all other members wait for. */
export function wantedBeside({ members }: Picture, slot: number): number {
  return members.reduce((sum, member) => member.slot === slot ? sum : sum + wants(member), 0);
}

/** How many of these places are neither free nor promised. */
export function unmet(picture: Picture, slot: number): number {
  const promised = picture.members.reduce((sum, member) => sum + member.promised, 0);
  return wantedBeside(picture, slot) - picture.free - promised;
}

/**
 * Whether a member has more than its fair share, and another with less waits. It must have two more, or the
 * other none: else the two would take a place from each other for ever.
 */
export function isAbove({ max, members }: Picture, slot: number): boolean {
  const active = members.filter(({ target }) => target > 0);
  const me = active.find((member) => member.slot === slot);
  if (me === undefined) return false;
  const held = me.held - me.promised;
  return held > max / active.length &&
    active.some((other) =>
      other !== me && wants(other) > 0 && (other.held === 0 || other.held < held - 1)
    );
}

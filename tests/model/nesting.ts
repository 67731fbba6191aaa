// Nested use, as the model knows it: whether all objects are held by who waits.

import { type Ask, holds } from "./job.ts";
import { EXCUSED, isKnown } from "./known.ts";
import type { Making } from "./making.ts";
import { isLive } from "./rules.ts";

/** For how long nothing must have moved, in ms; and how often the pool looks, at the least. */
const STUCK = 200;

/** After how many ms it is said that nothing moves. */
export const STILL = 10_000;

export class Nesting {
  /** Who holds all objects and waits for another one, when all was last at rest: the last to come at the end. */
  waiters: Ask[] = [];
  /** Since when it is these, and nothing has moved. */
  #since = 0;
  #moves = -1;
  #refused = -1;
  readonly #model: Making;

  constructor(model: Making) {
    this.#model = model;
  }

  /** Whether all objects are held by who waits; undefined: something else has happened at this moment. */
  get stuck(): boolean | undefined {
    const { counted: { refused }, creating, closing, moves } = this.#model;
    const same = moves === this.#moves && refused <= this.#refused + 1; // that which is explained
    if (!same) return undefined;
    if (this.waiters.length === 0) return false;
    return creating + closing > 0 ? undefined : true; // one of the objects was taken away
  }

  /** Whether it may be refused because nobody can get on. */
  mayRefuse(ask: Ask): boolean {
    const { movedAt, time, traceHolders } = this.#model;
    const isOld = ({ at }: Ask) => time.awake - Math.ceil(at) >= STUCK;
    const later = this.waiters.slice(this.waiters.indexOf(ask) + 1);
    const isLast = this.waiters.includes(ask) && isOld(ask) && !later.some((one) => isOld(one));
    return traceHolders === true && isLast && time.awake - movedAt >= STUCK;
  }

  /** Everything is at rest; what is wrong, if that is. */
  settle(): string | undefined {
    const { frozen, moves, time, traceHolders } = this.#model;
    const waiters = this.#cycle();
    const same = moves === this.#moves && String(ids(waiters)) === String(ids(this.waiters));
    // After a freeze it first finds out that nothing has moved.
    if (!same || time.awake > time.fired) this.#since = time.awake;
    // Each that comes puts it off.
    const last = this.#model.line.asks.findLast(({ inside }) => inside !== undefined);
    this.#since = Math.max(this.#since, last?.at ?? 0);
    this.#moves = moves;
    this.#refused = this.#model.counted.refused;
    this.waiters = waiters;
    if (traceHolders !== true || waiters.length === 0) return undefined;
    if (isKnown(EXCUSED) && frozen) return undefined;
    const late = time.called - this.#since > 3 * STUCK + 3;
    return late ? `asks ${ids(waiters)} wait for each other` : undefined;
  }

  #cycle(): Ask[] {
    const { closing, creating, jobs, line, live, numbers: { maxSize } } = this.#model;
    if (maxSize === 0 || live < maxSize || creating + closing > 0) return [];
    const nested = line.pending.filter((ask) => heldBy(ask).length > 0);
    const holders = new Set(nested.flatMap(heldBy));
    const all = jobs.filter(isLive).every(({ state, user }) =>
      state === "lent" && user !== undefined && holders.has(user)
    );
    return all ? nested : [];
  }
}

/** The `use`s in whose callbacks it was called that have their object still. */
function heldBy({ inside }: Ask): Ask[] {
  const found: Ask[] = [];
  for (let one = inside; one !== undefined; one = one.inside) if (holds(one)) found.push(one);
  return found;
}

function ids(asks: Ask[]): number[] {
  return asks.map(({ id }) => id);
}

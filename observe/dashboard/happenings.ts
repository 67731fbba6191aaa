// Happenings: the last failures and closings of a pool, each kind once, with how often it happened.

/** How many kinds are kept. */
const KEPT = 24;

/** Something that happened once or more often. */
export interface Happening {
  readonly what: "failed" | "refused" | "closed" | "lost";
  /** Why: a reason as observers hear it, or an error in a few words. */
  readonly why: string;
  count: number;
  /** When first and last, in ms since 1970. */
  readonly first: number;
  last: number;
}

/** The newest last. */
export class Happenings {
  readonly #all = new Map<string, Happening>();
  #changed = false;

  /** It has happened once more. */
  add(what: Happening["what"], why: string): void {
    const key = `${what} ${why}`;
    const now = Date.now();
    const known = this.#all.get(key) ?? { what, why, count: 0, first: now, last: now };
    this.#all.delete(key); // to go to the end
    this.#all.set(key, known);
    known.count++;
    known.last = now;
    this.#changed = true;
    if (this.#all.size > KEPT) this.#all.delete(this.#all.keys().next().value!);
  }

  /** Whether there was anything new since this was asked. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  find(what: Happening["what"], why: string): Happening | undefined {
    return this.#all.get(`${what} ${why}`);
  }

  /** The newest first. */
  list(): Happening[] {
    return [...this.#all.values()].reverse();
  }
}

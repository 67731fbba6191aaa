// Happenings: the last failures and closings of a pool, each kind once, with a count.

/** How many kinds are kept. */
const KEPT = 24;

/** An event that happened once or more often. */
export interface Happening {
  readonly what: "failed" | "refused" | "closed" | "lost";
  /** The reason that observers get, or an error in a few words. */
  readonly why: string;
  count: number;
  /** The first and last time, in ms since 1970. */
  readonly first: number;
  last: number;
}

/** Keeps the newest last. */
export class Happenings {
  readonly #all = new Map<string, Happening>();
  #changed = false;

  /** Counts an event. */
  add(what: Happening["what"], why: string): void {
    const key = `${what} ${why}`;
    const now = Date.now();
    const known = this.#all.get(key) ?? { what, why, count: 0, first: now, last: now };
    this.#all.delete(key); // to move it to the end
    this.#all.set(key, known);
    known.count++;
    known.last = now;
    this.#changed = true;
    if (this.#all.size > KEPT) this.#all.delete(this.#all.keys().next().value!);
  }

  /** Whether there was a new event since the last call. */
  takeChanged(): boolean {
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  find(what: Happening["what"], why: string): Happening | undefined {
    return this.#all.get(`${what} ${why}`);
  }

  /** The events, the newest first. */
  list(): Happening[] {
    return [...this.#all.values()].reverse();
  }
}

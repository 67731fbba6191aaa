// Health: whose health must be asked before it is lent, and the asking.

import { PoolError } from "../errors.ts";
import type { Core } from "./core.ts";
import type { Entry } from "./entry.ts";

/** The health of a pool's objects. */
export class Health<T> {
  readonly #core: Core<T>;
  /** What was last known to be good before that moment may have died in its sleep. */
  #suspect = -Infinity;

  constructor(core: Core<T>) {
    this.#core = core;
  }

  /** Time has passed without a round: the program, or the machine, stood still. */
  suspectAll(now: number): void {
    this.#suspect = now;
    this.#core.log.info(() => "time has passed without a round: all objects are suspect");
  }

  /** Whether it was there when time passed without a round, and has not been asked since. */
  suspects(entry: Entry<T>): boolean {
    return entry.proven < this.#suspect;
  }

  /** Whether to ask before the object is lent. */
  doubtful(entry: Entry<T>, now: number): boolean {
    const { health, healthAfter } = this.#core.settings;
    if (health === undefined) return false;
    if (this.suspects(entry)) return true;
    return healthAfter !== undefined && now - entry.since >= healthAfter;
  }

  /** Asks; rejects unless the object is good. `awaited`: somebody waits for the answer. */
  async examine(entry: Entry<T>, awaited: boolean): Promise<void> {
    const { name, totals, clock, hooks } = this.#core;
    totals.healthChecks++;
    // An answer that a sleep has delayed says nothing of what came after the question.
    const asked = clock.now();
    try {
      if (await hooks.run("health", entry, awaited) === false) {
        throw new PoolError(`${name}: health says that ${hooks.label(entry)} is not good`);
      }
      entry.proven = asked;
    } catch (error) {
      if (entry.live) totals.unhealthy++; // else it was given up
      throw error;
    }
  }
}

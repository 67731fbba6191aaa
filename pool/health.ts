// Health: whose health must be asked before it is lent, and the asking.

import { PoolError } from "../errors.ts";
import type { Clock } from "./clock.ts";
import type { Entry } from "./entry.ts";
import type { Hooks } from "./hooks.ts";
import type { Rounds } from "./housekeeping.ts";
import type { Log } from "./log.ts";
import type { Settings } from "./options.ts";
import type { Totals } from "./stats.ts";

/** What it needs of its pool. */
export interface Patient<T> {
  readonly name: string;
  readonly settings: Settings<T>;
  readonly totals: Totals;
  readonly clock: Clock;
  readonly hooks: Hooks<T>;
  readonly rounds: Rounds;
}

/** The health of a pool's objects. */
export class Health<T> {
  readonly #pool: Patient<T>;
  readonly #log: Log;
  /** What was last proven good before that moment may have died in its sleep. */
  #suspect = -Infinity;

  constructor(pool: Patient<T>, log: Log) {
    this.#pool = pool;
    this.#log = log;
  }

  /** Time has passed without a round: the program, or the machine, stood still. */
  noticeGap(now: number): void {
    if (!this.#pool.rounds.gap(now)) return;
    this.#suspect = now;
    this.#log.info(() => "time has passed without a round: available objects are suspect");
  }

  /** Whether to ask before the object is lent. */
  doubtful(entry: Entry<T>): boolean {
    const { health, healthAfter } = this.#pool.settings;
    if (health === undefined) return false;
    if (entry.proven < this.#suspect) return true;
    return healthAfter !== undefined && this.#pool.clock.now() - entry.since >= healthAfter;
  }

  /** Asks; rejects unless the object is good. */
  async examine(entry: Entry<T>): Promise<void> {
    const { name, totals, clock, hooks } = this.#pool;
    totals.healthChecks++;
    try {
      if (await hooks.run("health", entry) === false) {
        throw new PoolError(`${name}: health says that ${hooks.label(entry)} is not good`);
      }
      entry.proven = clock.now();
    } catch (error) {
      totals.unhealthy++;
      throw error;
    }
  }
}

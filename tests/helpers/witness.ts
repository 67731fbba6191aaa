// An observer that remembers what it is told.

import type { Observer } from "../../mod.ts";

/** The name of an event, and its fields. */
export type Told = [keyof Observer, Record<string, unknown>];

/** Remembers all that it is told, with `object` read. */
export class Witness implements Observer {
  readonly #told: Told[] = [];
  #note = (name: keyof Observer) => (event: object): void => {
    this.#told.push([name, { ...event }]);
  };
  created = this.#note("created");
  lent = this.#note("lent");
  refused = this.#note("refused");
  returned = this.#note("returned");
  closed = this.#note("closed");

  /** Since the last time. */
  take(): Told[] {
    return this.#told.splice(0);
  }

  /** How many there were of that name, with these fields. */
  count(name: keyof Observer, having: object = {}): number {
    return this.#told.filter(([told, event]) =>
      told === name && Object.entries(having).every(([key, value]) => event[key] === value)
    ).length;
  }
}

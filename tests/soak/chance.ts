// Chance that can be repeated: the same seed draws the same numbers.

const PRIME = 2 ** 31 - 1;

/** A multiplicative generator: good enough to choose faults by, and nothing else. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = 1 + Math.abs(seed * 7919) % (PRIME - 1);
    this.below(2); // seeds next to each other begin with numbers next to each other
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    this.#state = this.#state * 48_271 % PRIME;
    return Math.floor(this.#state / PRIME * end);
  }

  /** True `n` times out of a thousand. */
  mille(n: number): boolean {
    return this.below(1000) < n;
  }

  /** One of `ways`, each as likely as it weighs. */
  pick<Way extends string>(ways: Readonly<Record<Way, number>>): Way {
    const all = Object.entries<number>(ways) as [Way, number][];
    let left = this.below(all.reduce((sum, [, weight]) => sum + weight, 0));
    return all.find(([, weight]) => (left -= weight) < 0)![0];
  }
}

// Supply: has objects made, as many as are missing and as there is room for.

import type { Clock } from "./clock.ts";
import { Creation, type Failure, type Making, type Outcome } from "./creation.ts";
import type { Create, Settings } from "./options.ts";
import { Refill } from "./refill.ts";

/** Who wants the objects. */
export interface Customer<T> {
  /** How many are missing: for those who wait and, unless it rests, for `minSize`. */
  missing(resting: boolean): number;
  /** Whether there is room for one more. */
  room(): boolean;
  /** Whether this very object is there already. */
  has(object: T): boolean;
  /** One is made. */
  made(object: T, creation: Creation<T>): void;
  /** One is not made, and perhaps leaves something to be closed; `told`: somebody knows already. */
  failed(failure: Failure<T>, creation: Creation<T>, told: boolean): void;
  /** One comes of a creation that was given up: to be closed. */
  late(object: T): void;
}

/** The creations under way. */
export class Supply<T> {
  readonly refill: Refill;
  /** How many times all that is there has been made obsolete. */
  epoch = 0;
  /** The last failure, for whoever waits in vain. */
  lastFailure: { cause: unknown } | undefined;
  readonly #customer: Customer<T>;
  readonly #making: Making<T>;
  readonly #creations = new Set<Creation<T>>();
  /** What `opener` has at the moment: it is not the customer's yet. */
  readonly #opening = new Set<unknown>();
  #attempts = 0;
  #stopped = false;

  constructor(fun: Create<T>, settings: Settings<T>, clock: Clock, customer: Customer<T>) {
    this.#customer = customer;
    this.refill = new Refill(clock, () => this.grow());
    this.#making = {
      fun,
      opener: settings.opener,
      createTimeout: settings.createTimeout,
      known: (object) => this.#opening.has(object) || customer.has(object),
      opening: (object) => void (Object(object) === object && this.#opening.add(object)),
      made: (creation, outcome) => this.#made(creation, outcome),
      late: (object) => customer.late(object),
    };
  }

  /** How many are under way. */
  get size(): number {
    return this.#creations.size;
  }

  /** Starts as many creations as are missing and as there is room for. */
  grow(): void {
    while (
      !this.#stopped && this.size < this.#customer.missing(this.refill.resting) &&
      this.#customer.room()
    ) {
      const creation = new Creation(this.#making, this.#attempts++, this.epoch);
      this.#creations.add(creation);
      creation.start();
    }
  }

  /** Starts no more, and asks those under way to stop. */
  stop(error: unknown): void {
    this.#stopped = true;
    this.refill.stop(error);
    for (const creation of this.#creations) creation.abort(error);
  }

  /** Waits no longer for those under way. */
  abandon(error: unknown): void {
    for (const creation of this.#creations) creation.abandon(error);
  }

  #made(creation: Creation<T>, outcome: Outcome<T>): void {
    this.#creations.delete(creation);
    this.#opening.delete("object" in outcome ? outcome.object : outcome.leftover);
    if ("object" in outcome) {
      this.refill.made();
      this.#customer.made(outcome.object, creation);
    } else {
      this.lastFailure = { cause: outcome.error };
      const told = this.#stopped || this.refill.failed(outcome.error);
      this.#customer.failed(outcome, creation, told);
    }
  }
}

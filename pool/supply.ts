// Supply: has objects made, as many as are missing and as there is room for, and takes them in.

import { reason } from "../values.ts";
import type { Core } from "./core.ts";
import { Creation, type Failure, type Making, type Outcome } from "./creation.ts";
import { type Attempt, Entry } from "./entry.ts";
import type { Reason } from "./limits.ts";
import type { Create } from "./options.ts";
import { Refill } from "./refill.ts";

/** Who wants the objects. */
export interface Customer<T> {
  /** Whether `minSize` is to be kept up. */
  readonly open: boolean;
  /** How many wait and have no object in view. */
  readonly queued: number;
  /** An object is to be made. */
  making(): void;
  /** There is a new object. */
  offer(entry: Entry<T>): void;
  /** Tells the oldest who waits; false if nobody does. */
  failOldest(error: unknown): boolean;
  retire(entry: Entry<T>, why: Reason): Promise<void>;
  /** A place is free that nothing came of. */
  vacated(): void;
}

/** The creations under way. */
export class Supply<T> {
  /** How many times all that is there has been made obsolete. */
  epoch = 0;
  /** The last failure, for whoever waits in vain. */
  lastFailure: { cause: unknown; at: number } | undefined;
  readonly #core: Core<T>;
  readonly #customer: Customer<T>;
  readonly #making: Making<T>;
  readonly #refill: Refill;
  readonly #creations = new Set<Creation<T>>();
  /** What `opener` has at the moment: it is not in the bag yet. */
  readonly #opening = new Set<unknown>();
  #attempts = 0;
  #stopped = false;

  constructor(fun: Create<T>, core: Core<T>, customer: Customer<T>) {
    this.#core = core;
    this.#customer = customer;
    this.#refill = new Refill(core.clock, () => this.grow());
    this.#making = {
      clock: core.clock,
      fun,
      opener: core.settings.opener,
      createTimeout: core.settings.createTimeout,
      known: (object) => this.#opening.has(object) || core.bag.has(object),
      opening: (object) => void (Object(object) === object && this.#opening.add(object)),
      made: (creation, outcome) => this.#ended(creation, outcome),
      late: (object) => this.#late(object),
    };
  }

  /** How many are under way. */
  get size(): number {
    return this.#creations.size;
  }

  /** Starts as many creations as are missing and as there is room for. */
  grow(): void {
    while (!this.#stopped && this.size < this.#missing && this.#room) {
      const begun = this.#core.clock.now();
      const attempt = { n: this.#attempts++, epoch: this.epoch, begun };
      const creation = new Creation(this.#making, attempt);
      this.#creations.add(creation);
      this.#customer.making();
      creation.start();
      if (this.#refill.awaited) creation.keepAlive();
    }
  }

  /** Resolves once there are `minSize` objects. */
  ready(): Promise<void> {
    if (this.#complete) return Promise.resolve();
    const reached = this.#refill.wait();
    for (const creation of this.#creations) creation.keepAlive();
    this.grow();
    return reached;
  }

  /** There may be enough objects now: the bounds have changed, or there is another one. */
  recount(): void {
    if (this.#complete) this.#refill.reached();
  }

  /** Starts no more, and asks those under way to stop. */
  stop(error: unknown): void {
    this.#stopped = true;
    this.#refill.stop(error);
    for (const creation of this.#creations) creation.abort(error);
  }

  /** Waits no longer for those under way. */
  abandon(error: unknown): void {
    for (const creation of this.#creations) creation.abandon(error);
  }

  get #complete(): boolean {
    return this.#core.bag.live >= this.#core.settings.minSize;
  }

  get #missing(): number {
    const { bag, settings } = this.#core;
    const refilling = this.#customer.open && !this.#refill.resting;
    return Math.max(this.#customer.queued, refilling ? settings.minSize - bag.live : 0);
  }

  /** For one more; what is being closed still has its place. */
  get #room(): boolean {
    const { maxSize } = this.#core.settings;
    return maxSize === 0 || this.size + this.#core.bag.size < maxSize;
  }

  #ended(creation: Creation<T>, outcome: Outcome<T>): void {
    this.#creations.delete(creation);
    this.#opening.delete("object" in outcome ? outcome.object : outcome.leftover);
    if ("object" in outcome) this.#made(this.#entry(outcome.object, creation));
    else this.#failed(outcome, creation);
  }

  #made(entry: Entry<T>): void {
    const { hooks, log } = this.#core;
    this.#refill.made();
    log.debug(() => `${hooks.label(entry)} is made`);
    this.#customer.offer(entry);
    this.recount();
    this.grow();
  }

  #failed({ error, leftover }: Failure<T>, creation: Creation<T>): void {
    const { clock, log, totals } = this.#core;
    totals.createFailed++;
    this.lastFailure = { cause: error, at: clock.awake() };
    // Taken in before anybody is told, who may ask for another one at once.
    const entry = leftover === undefined ? undefined : this.#entry(leftover, creation);
    const told = this.#stopped || this.#refill.failed(error, this.#core.settings.minSize > 0);
    if (!this.#customer.failOldest(error) && !told) {
      log.warn(() => `#${creation.n} cannot be made: ${reason(error)}`);
    }
    if (entry === undefined) this.#customer.vacated();
    else void this.#customer.retire(entry, "leftover");
  }

  #entry(object: T, attempt: Attempt): Entry<T> {
    const { bag, clock, settings, totals } = this.#core;
    const { maxLifetime, lifetimeJitter } = settings;
    const born = clock.now();
    const life = maxLifetime > 0 ? maxLifetime * (1 - lifetimeJitter * Math.random()) : Infinity;
    const entry = new Entry(object, attempt, born, born + life);
    totals.created++;
    bag.add(entry);
    return entry;
  }

  /** What comes of a creation that was given up counts for nothing any more, but is closed. */
  #late(object: T): void {
    const { hooks, log, totals } = this.#core;
    log.info(() => "an object was made after it was given up: it is closed");
    void hooks.close(object, () => "a late object", () => {
      totals.created++;
      totals.closed++;
    });
  }
}

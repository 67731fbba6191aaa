// Creation: one attempt to make an object, by `fun` and `opener`.

import { outside } from "../context.ts";
import { PoolError } from "../errors.ts";
import { type Clock, Timer } from "./clock.ts";
import type { Attempt } from "./entry.ts";
import { tooLong } from "./hooks.ts";
import type { Create, Hook } from "./options.ts";

/** An attempt failed, perhaps leaving an object to be closed. */
export interface Failure<T> {
  error: unknown;
  leftover: T | undefined;
}

/** How an attempt ended. */
export type Outcome<T> = { object: T } | Failure<T>;

/** What creations have in common. */
export interface Making<T> {
  readonly clock: Clock;
  readonly fun: Create<T>;
  readonly opener: Hook<T> | undefined;
  readonly createTimeout: number;
  /** Whether the pool has this very object already. */
  known(object: T): boolean;
  /** `opener` is to have the object. */
  opening(object: T): void;
  /** Called exactly once for each creation. */
  made(creation: Creation<T>, outcome: Outcome<T>): void;
  /** An object has come of a creation that was given up: it is to be closed. */
  late(object: T): void;
}

/** One attempt to make an object. */
export class Creation<T> implements Attempt {
  readonly n: number;
  readonly epoch: number;
  readonly begun: number;
  readonly #making: Making<T>;
  readonly #aborting = new AbortController();
  readonly #timer: Timer;
  #object: T | undefined = undefined;
  #over = false;

  constructor(making: Making<T>, { n, epoch, begun }: Attempt) {
    this.#making = making;
    this.#timer = new Timer(making.clock, () => this.#timeOut());
    this.n = n;
    this.epoch = epoch;
    this.begun = begun;
  }

  /** Begins; `fun` is called before it returns. */
  start(): void {
    const { createTimeout } = this.#making;
    if (createTimeout > 0) this.#timer.start(createTimeout, false);
    outside(() => void this.#run());
  }

  /** Somebody waits for it who has no timer that would keep the process alive. */
  keepAlive(): void {
    this.#timer.keepAlive(true);
  }

  /** Asks `fun` to stop; it goes on to be waited for. */
  abort(reason: unknown): void {
    this.keepAlive();
    outside(() => this.#aborting.abort(reason));
  }

  /** Gives up: it has failed with `error` now, and what may still come of it is closed. */
  abandon(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    this.abort(error); // before its place is another's
    this.#end({ error, leftover: this.#object });
  }

  #timeOut(): void {
    const { createTimeout } = this.#making;
    this.abandon(tooLong(`making object #${this.n}`, "createTimeout", createTimeout, "create"));
  }

  async #run(): Promise<void> {
    const { fun, opener } = this.#making;
    try {
      // Within a function of its own, for what `fun` throws at once to come later, like all else.
      const object = await (async () => await fun(this.n, { signal: this.#aborting.signal }))();
      if (this.#over) return this.#late(object);
      this.#check(object);
      this.#object = object;
      this.#making.opening(object);
      await opener?.(object);
      this.#finish({ object });
    } catch (error) {
      this.#finish({ error, leftover: this.#object });
    }
  }

  #check(object: T): void {
    if (object === undefined || object === null) {
      throw new PoolError(`fun must make an object, got ${object} for #${this.n}`);
    }
    if (this.#making.known(object)) {
      throw new PoolError(
        `fun must make another object each time, got for #${this.n} one that the pool has already`,
      );
    }
  }

  #late(object: T): void {
    if (object !== undefined && object !== null && !this.#making.known(object)) {
      this.#making.late(object);
    }
  }

  #finish(outcome: Outcome<T>): void {
    if (this.#over) return;
    this.#over = true;
    this.#end(outcome);
  }

  #end(outcome: Outcome<T>): void {
    this.#timer.stop();
    this.#making.made(this, outcome);
  }
}

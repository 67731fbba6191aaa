// Usage: one call of `use` whose callback wants a signal.

import { LeaseError } from "../errors.ts";
import type { Borrower, LeaseEnd } from "./entry.ts";
import type { Signals } from "./signals.ts";

/** Aborts its own signal when the caller's does, and when the object is taken away. */
export class Usage implements Borrower {
  readonly #aborting = new AbortController();
  readonly #name: string;
  readonly #callers: AbortSignal | undefined;

  constructor(name: string, callers: AbortSignal | undefined) {
    this.#name = name;
    this.#callers = callers;
  }

  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  begin(signals: Signals<Usage>): void {
    if (this.#callers !== undefined) signals.listen(this.#callers, this);
  }

  end(signals: Signals<Usage>): void {
    if (this.#callers !== undefined) signals.unlisten(this.#callers, this);
  }

  /** The caller's signal has aborted. */
  abort(): void {
    this.#aborting.abort(this.#callers?.reason);
  }

  revoke(end: LeaseEnd): void {
    this.#aborting.abort(takenAway(this.#name, end));
  }
}

/** What tells a user of `use` that the object is gone. */
export function takenAway(name: string, end: string): LeaseError {
  return new LeaseError(
    `the object that ${name} lent to use() was ${end}: have the callback end sooner`,
  );
}

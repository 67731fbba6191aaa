// Usage: one call of `use` whose callback wants a signal.

import { LeaseError } from "../errors.ts";
import type { Borrower, LeaseEnd } from "./entry.ts";

/** Aborts its own signal when the caller's does, and when the object is taken away. */
export class Usage implements Borrower {
  readonly #aborting = new AbortController();
  readonly #name: string;
  readonly #callers: AbortSignal | undefined;

  constructor(name: string, callers: AbortSignal | undefined) {
    this.#name = name;
    this.#callers = callers;
    callers?.addEventListener("abort", this);
  }

  get signal(): AbortSignal {
    return this.#aborting.signal;
  }

  /** Called by the caller's signal. */
  handleEvent(): void {
    this.#aborting.abort(this.#callers?.reason);
  }

  revoke(end: LeaseEnd): void {
    this.#aborting.abort(takenAway(this.#name, end));
  }

  end(): void {
    this.#callers?.removeEventListener("abort", this);
  }
}

/** What tells a user of `use` that the object is gone. */
export function takenAway(name: string, end: string): LeaseError {
  return new LeaseError(
    `the object that ${name} lent to use() was ${end}: have the callback end sooner`,
  );
}

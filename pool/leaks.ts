// LeakWatch: notices loans that were garbage-collected without a return.

import { outside, requestBound } from "../context.ts";
import { after } from "./clock.ts";
import type { Entry, Watched } from "./entry.ts";
import type { List } from "./list.ts";

/** On Workers: how often to look for leaks that finalizers have found, in ms. */
const PATIENCE = 100;

/** Declared as a method, so that `Pool<Client>` is assignable to `Pool<unknown>`. */
type Lost<T> = { lost(watched: Watched<T>): void }["lost"];

/**
 * To register a loan costs more than the rest of a `get`. So a fresh loan is held strongly, and
 * registered when the pool looks at lent objects.
 */
export class LeakWatch<T> {
  readonly #lost: Lost<T>;
  #registry: FinalizationRegistry<Watched<T>> | undefined;
  /** On Workers: the registered loans, and those that were found to be leaked. */
  readonly #registered = new Set<Watched<T>>();
  readonly #found: Watched<T>[] = [];
  #cancel: (() => void) | undefined;

  constructor(lost: Lost<T>) {
    this.#lost = lost;
  }

  /**
   * Registers the loans of `lent` that are not registered yet, and handles leaks found before.
   * `exact`: whether their `since` is exact; else it becomes `now`.
   */
  look(lent: List<Entry<T>>, now: number, exact: boolean): void {
    this.#lose();
    let entry = lent.last;
    for (; entry !== undefined && !entry.noticed; entry = entry.prev as Entry<T> | undefined) {
      entry.noticed = true;
      if (!exact) {
        entry.since = now;
        entry.coarse = true;
      }
      this.#register(entry);
    }
  }

  /** Unregisters the loan of `entry`: it has ended. */
  forget(entry: Entry<T>): void {
    const { watched } = entry;
    if (watched === undefined) return;
    entry.watched = undefined;
    this.#registry?.unregister(watched);
    this.#unwait(watched);
  }

  #register(entry: Entry<T>): void {
    const { loan } = entry;
    if (typeof FinalizationRegistry === "undefined" || !loan?.collectable) return;
    this.#registry ??= new FinalizationRegistry((lost) => {
      if (requestBound) this.#found.push(lost);
      else outside(() => this.#lost(lost));
    });
    const watched = { entry, borrower: loan.borrower, loan: new WeakRef(loan) };
    this.#registry.register(loan, watched, watched);
    entry.loan = undefined;
    entry.watched = watched;
    if (requestBound) this.#wait(watched);
  }

  /** A finalizer runs outside of requests, and so may not start a timer: start one now. */
  #wait(watched: Watched<T>): void {
    this.#registered.add(watched);
    this.#cancel ??= after(PATIENCE, false, () => {
      this.#cancel = undefined;
      this.#lose();
      const [next] = this.#registered;
      if (next !== undefined) this.#wait(next);
    });
  }

  #unwait(watched: Watched<T>): void {
    this.#registered.delete(watched);
    if (this.#registered.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #lose(): void {
    for (const watched of this.#found.splice(0)) {
      this.#unwait(watched);
      this.#lost(watched);
    }
  }
}

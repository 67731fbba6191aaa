// LeakWatch: notices loans that were garbage-collected without having been given back.

import { outside, requestBound } from "../context.ts";
import { after } from "./clock.ts";
import type { Entry, Watched } from "./entry.ts";
import type { List } from "./list.ts";

/** On Workers: how often to see what finalizers have found, in ms. */
const PATIENCE = 100;

/** Written as a method, so that a `Pool<Client>` passes for a `Pool<unknown>`. */
type Lost<T> = { lost(watched: Watched<T>): void }["lost"];

/**
 * Registering costs more than the rest of a `get`. So a fresh loan is held instead, and registered
 * when the pool looks at what is still out.
 */
export class LeakWatch<T> {
  readonly #lost: Lost<T>;
  #registry: FinalizationRegistry<Watched<T>> | undefined;
  /** On Workers: what is registered, and what of that was found lost. */
  readonly #registered = new Set<Watched<T>>();
  readonly #found: Watched<T>[] = [];
  #cancel: (() => void) | undefined;

  constructor(lost: Lost<T>) {
    this.#lost = lost;
  }

  /**
   * Notices all of `lent` that it has not noticed before, `exact` or as out since `now` at least; and
   * deals with what has been found lost.
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

  /** The loan of `entry` has ended in another way. */
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

  /** A finalizer is part of no request, and so may not even start a timer: one is started now. */
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

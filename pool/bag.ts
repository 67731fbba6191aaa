// Bag: the objects of a pool by their state. It moves them, and does not know why.

import { Deadlines } from "./deadlines.ts";
import type { Entry, EntryState } from "./entry.ts";
import { List } from "./list.ts";

/** Each move checks the state first: a move from the wrong state is a bug of the pool. */
export class Bag<T> {
  /** Available, the longest unused first. */
  readonly idle = new List<Entry<T>>();
  /** In a borrower's hands, the longest held first; those warned of are in `overdue`. */
  readonly lent = new List<Entry<T>>();
  readonly overdue = new List<Entry<T>>();
  /** By the next moment of their lifetime, where that is limited. */
  readonly lifetimes = new Deadlines<Entry<T>>();
  /** How many have a lifetime that is about to end. */
  ageing = 0;
  /** How many have a lifetime that ends by a reset. */
  outdated = 0;
  readonly #entries = new Set<Entry<T>>();
  readonly #objects = new Map<unknown, Entry<T>>();
  #using = 0;
  #closing = 0;

  /** How many are in use, or in the hands of a hook. */
  get using(): number {
    return this.#using;
  }

  get closing(): number {
    return this.#closing;
  }

  /** How many there are, less those being closed. */
  get live(): number {
    return this.idle.size + this.#using;
  }

  get size(): number {
    return this.live + this.#closing;
  }

  /** Those in use or available. */
  *entries(): Generator<Entry<T>> {
    for (const entry of this.#entries) {
      if (entry.live) yield entry;
    }
  }

  /** The entry of this very object; a primitive value has no identity. */
  find(object: unknown): Entry<T> | undefined {
    return this.#objects.get(object);
  }

  /** A new one comes, in use by the pool itself. */
  add(entry: Entry<T>): void {
    this.#entries.add(entry);
    if (Object(entry.object) === entry.object) this.#objects.set(entry.object, entry);
    if (entry.due !== Infinity) this.lifetimes.add(entry);
    this.#using++;
  }

  /** Available → in use. */
  take(entry: Entry<T>): void {
    this.#expect(entry, "available");
    this.idle.remove(entry);
    entry.state = "using";
    this.#using++;
  }

  /** The same for the one that was returned last, or is unused for longest, if there is any. */
  takeNext(fifo: boolean): Entry<T> | undefined {
    const entry = fifo ? this.idle.shift() : this.idle.pop();
    if (entry === undefined) return undefined;
    entry.state = "using";
    this.#using++;
    return entry;
  }

  /** In use → in a borrower's hands. */
  lend(entry: Entry<T>): void {
    this.#expect(entry, "using");
    entry.uses++;
    entry.noticed = false;
    this.lent.push(entry);
  }

  /** In a borrower's hands → in use. */
  takeBack(entry: Entry<T>): void {
    entry.list?.remove(entry);
  }

  /** In a borrower's hands for too long. */
  warned(entry: Entry<T>): void {
    this.lent.remove(entry);
    this.overdue.push(entry);
  }

  /** In use → available. */
  store(entry: Entry<T>): void {
    this.#expect(entry, "using");
    entry.state = "available";
    entry.stored = true;
    this.#using--;
    this.idle.push(entry);
  }

  /** The same for one that nobody has used meanwhile, and that was unused for longest. */
  restore(entry: Entry<T>): void {
    this.store(entry);
    this.idle.remove(entry);
    this.idle.unshift(entry);
  }

  /** The lifetime of one is about to end. */
  age(entry: Entry<T>): void {
    entry.ageing = true;
    this.ageing++;
    entry.due = entry.end;
  }

  /** The lifetime of one is to end earlier, and is about to end from `due` on. */
  outdate(entry: Entry<T>, end: number, due: number): void {
    this.lifetimes.remove(entry);
    if (entry.ends !== "reset") this.outdated++;
    entry.end = end;
    entry.ends = "reset";
    entry.due = entry.ageing ? end : due;
    this.lifetimes.add(entry);
  }

  /** Available or in use → closing. */
  startClosing(entry: Entry<T>): void {
    this.#leave(entry);
    entry.state = "closing";
    this.#closing++;
  }

  /** Closing → gone. */
  closed(entry: Entry<T>): void {
    this.#expect(entry, "closing");
    this.#closing--;
    this.#drop(entry);
  }

  /** In use → gone, not closed. */
  detach(entry: Entry<T>): void {
    this.#leave(entry);
    this.#drop(entry);
  }

  #leave(entry: Entry<T>): void {
    if (entry.state === "available") this.take(entry);
    this.#expect(entry, "using");
    this.takeBack(entry);
    this.lifetimes.remove(entry);
    if (entry.ageing) this.ageing--;
    if (entry.ends === "reset") this.outdated--;
    this.#using--;
  }

  #drop(entry: Entry<T>): void {
    entry.state = "gone";
    this.#entries.delete(entry);
    this.#objects.delete(entry.object);
  }

  #expect(entry: Entry<T>, state: EntryState): void {
    if (entry.state === state) return;
    throw new Error(`Bug: object #${entry.n} of a pool is ${entry.state}, not ${state}`);
  }
}

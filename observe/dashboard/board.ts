// Board: takes one sample a second, and makes one text of it for all open pages.

import { requestBound } from "../../context.ts";
import { after } from "../../pool/clock.ts";
import type { Group } from "../../pool/group.ts";
import { type AnyPool, type Pools, present } from "./pools.ts";
import { Recording } from "./recording.ts";
import { shorten } from "./text.ts";

/**
 * How long pools are observed after the last page has gone, in ms: it may be a reload. On Workers a
 * timer may end with its request, so there is no such time.
 */
export const LINGER = requestBound ? 0 : 5_000;

/** After how many ms a page reconnects when its stream has ended. */
const RETRY = 500;

/** Observes the pools while pages are open. It keeps no pool alive. */
export class Board {
  readonly #pools: Pools;
  readonly #recordings = new WeakMap<AnyPool, Recording>();
  readonly #observed = new Map<AnyPool, () => void>();
  #pages = 0;
  #forgo: (() => void) | undefined;
  /** Distinguishes this dashboard from that of an earlier process. */
  #run = 0;
  #second = 0;
  /** The texts of this second, by the second from which they start. */
  readonly #texts = new Map<number, Uint8Array>();
  #shown: AnyPool[] = [];
  #more = 0;
  #notes: string[] = [];

  constructor(pools: Pools) {
    this.#pools = pools;
  }

  /**
   * Adds an open page; throws if the pools are invalid. Returns a function that removes the page.
   */
  open(): () => void {
    if (this.#run === 0) this.#run = Date.now(); // Workers have no clock in the constructor
    this.#look();
    this.#pages++;
    this.#forgo?.();
    this.#forgo = undefined;
    let open = true;
    return () => {
      if (open && --this.#pages === 0) this.#leave();
      open = false;
    };
  }

  /** The next event for a page that has all events up to the id `known`, and its id. */
  event(known: string): { id: string; event: Uint8Array } {
    this.#look();
    const [run, second] = known.split("-").map(Number);
    const since = run === this.#run && second! <= this.#second ? second! : 0;
    let event = this.#texts.get(since);
    if (event === undefined) this.#texts.set(since, event = this.#write(since));
    return { id: this.#id, event };
  }

  get #id(): string {
    return `${this.#run}-${this.#second}`;
  }

  /** Takes the sample of this second, unless it is there. */
  #look(): void {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#second) return;
    const { shown, more, groups } = present(this.#pools);
    this.#observe(shown);
    for (const pool of shown) this.#recordings.get(pool)!.take(pool, second);
    this.#second = second;
    this.#shown = shown;
    this.#more = more;
    this.#notes = notes(groups);
    this.#texts.clear();
  }

  #observe(shown: AnyPool[]): void {
    const gone = [...this.#observed.keys()].filter((pool) => !shown.includes(pool));
    for (const pool of gone) this.#unobserve(pool);
    for (const pool of shown) {
      if (this.#observed.has(pool)) continue;
      let recording = this.#recordings.get(pool);
      if (recording === undefined) this.#recordings.set(pool, recording = new Recording());
      this.#observed.set(pool, recording.attach(pool));
    }
  }

  #unobserve(pool: AnyPool): void {
    this.#observed.get(pool)?.();
    this.#observed.delete(pool);
  }

  #write(since: number): Uint8Array {
    const pools = this.#shown.map((pool) => this.#recordings.get(pool)!.since(since));
    const run = this.#run;
    const picture = { run, second: this.#second, more: this.#more, notes: this.#notes, pools };
    const data = JSON.stringify(picture);
    return new TextEncoder().encode(`id: ${this.#id}\nretry: ${RETRY}\ndata: ${data}\n\n`);
  }

  #leave(): void {
    if (LINGER === 0) this.#forget();
    else this.#forgo = after(LINGER, false, () => this.#forget());
  }

  #forget(): void {
    this.#forgo = undefined;
    for (const pool of [...this.#observed.keys()]) this.#unobserve(pool);
    this.#shown = [];
    this.#second = 0;
    this.#texts.clear();
  }
}

/** What no pool shows: who waits in a `KeyedPool` whose key has no pool yet. */
function notes(groups: Iterable<Group>): string[] {
  return [...groups].filter(({ waiting }) => waiting > 0).map(({ name, waiting }) =>
    `${shorten(name, 80)}: ${
      waiting === 1 ? "1 borrower waits" : `${waiting} borrowers wait`
    } for a place for a key (maxKeys)`
  );
}

// Board: what all open pages of a dashboard share: one sample a second, and one text of it.

import { requestBound } from "../../context.ts";
import { after } from "../../pool/clock.ts";
import { type AnyPool, type Pools, present } from "./pools.ts";
import { Recording } from "./recording.ts";

/**
 * For how long pools are observed after the last page has gone, in ms: it may only be reloaded. On Workers
 * timers may end with their request, so that none can be relied on.
 */
export const LINGER = requestBound ? 0 : 5_000;

/** After how many ms a page asks again whose stream has ended. */
const RETRY = 500;

/** Observes the pools as long as there are pages, and keeps no pool alive. */
export class Board {
  readonly #pools: Pools;
  readonly #recordings = new WeakMap<AnyPool, Recording>();
  readonly #observed = new Map<AnyPool, () => void>();
  #pages = 0;
  #forgo: (() => void) | undefined;
  /** Tells this dashboard from that of a process before. */
  #run = 0;
  #second = 0;
  /** The text of this second, by the second after which it begins. */
  readonly #texts = new Map<number, Uint8Array>();
  #shown: AnyPool[] = [];
  #more = 0;

  constructor(pools: Pools) {
    this.#pools = pools;
  }

  /** A page is open; throws if what is to be shown is no pool. Returns what says that it is gone. */
  open(): () => void {
    if (this.#run === 0) this.#run = Date.now(); // in the constructor Workers have no clock
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

  /** The event for a page that knows all up to the event of that id; and its own id. */
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

  /** Takes the sample of this second, unless that is there. */
  #look(): void {
    const second = Math.floor(Date.now() / 1000);
    if (second === this.#second) return;
    const { shown, more } = present(this.#pools);
    this.#observe(shown);
    for (const pool of shown) this.#recordings.get(pool)!.take(pool, second);
    this.#second = second;
    this.#shown = shown;
    this.#more = more;
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
    const picture = { run: this.#run, second: this.#second, more: this.#more, pools };
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

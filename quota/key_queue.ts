// Key queue: the borrowers that wait for a place for their key.

import { type Clock, Timer } from "../pool/clock.ts";
import { type Dated, Deadlines } from "../pool/deadlines.ts";
import type { RefuseReason } from "../pool/observe.ts";
import { Signals } from "../pool/signals.ts";
import { abortReason } from "../values.ts";

/** How many late borrowers are refused at once. The event loop gets its turn before the next ones. */
const BATCH = 1_000;

/** The time limit in ms (0: none), and the signal that ends the wait. */
export interface Terms {
  readonly timeout: number;
  readonly signal: AbortSignal | undefined;
}

/** The place of a borrower, how long it waited, and how much time it has left, in ms; 0: no limit. */
export interface Given<P> {
  readonly place: P;
  readonly waited: number;
  readonly left: number;
}

/** Why a borrower gets no place. */
export interface Refusal {
  readonly error: unknown;
  readonly why: RefuseReason;
  /** How long it waited, in ms. */
  readonly waited: number;
}

/** A borrower that has waited for too long. */
export interface Late<K> {
  readonly key: K;
  readonly timeout: number;
  /** How long it waited, in ms. */
  readonly waited: number;
  /** How many others waited when it began to wait. */
  readonly ahead: number;
}

/** The functions that it calls. */
interface Calls<K> {
  /** Some borrowers are late: returns the function that makes the error of each. */
  late(): (late: Late<K>) => unknown;
  /** No borrower waits any more. */
  emptied(): void;
}

interface Waiting<K, P> extends Dated, Terms {
  readonly key: K;
  readonly begun: number;
  readonly ahead: number;
  settle(outcome: Given<P> | Refusal): void;
}

/** First come, first served; all borrowers of a key share its place `P`. */
export class KeyQueue<K, P> {
  /** How many borrowers wait. */
  size = 0;
  readonly #keys = new Map<K, Set<Waiting<K, P>>>();
  readonly #dated = new Deadlines<Waiting<K, P>>();
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #signals: Signals<Waiting<K, P>>;
  readonly #calls: Calls<K>;

  constructor(clock: Clock, calls: Calls<K>) {
    this.#clock = clock;
    this.#timer = new Timer(clock, () => this.#tick());
    this.#signals = new Signals((waiting) =>
      this.#refuse(waiting, abortReason(waiting.signal!), "aborted")
    );
    this.#calls = calls;
  }

  /** How many keys wait for a place. */
  get keys(): number {
    return this.#keys.size;
  }

  /** How many borrowers wait for the place of a key. */
  sizeOf(key: K): number {
    return this.#keys.get(key)?.size ?? 0;
  }

  /** The key that has waited for longest. */
  get next(): { key: K } | undefined {
    for (const key of this.#keys.keys()) return { key };
    return undefined;
  }

  /** Waits for a place for a key. It never rejects, unless the signal cannot be listened to. */
  wait(key: K, { signal, timeout }: Terms): Promise<Given<P> | Refusal> {
    return new Promise((settle) => {
      const begun = this.#clock.awake();
      const due = timeout > 0 ? begun + timeout : Infinity;
      const ahead = this.size;
      const waiting: Waiting<K, P> = { key, signal, timeout, begun, ahead, due, slot: -1, settle };
      if (signal !== undefined) this.#signals.listen(signal, waiting); // first: it may throw
      const others = this.#keys.get(key);
      if (others === undefined) this.#keys.set(key, new Set([waiting]));
      else others.add(waiting);
      this.size++;
      if (timeout === 0) return;
      this.#dated.add(waiting);
      if (this.#dated.first === waiting) this.#arm();
    });
  }

  /** Gives all borrowers of a key its place. Returns how many there were. */
  serve(key: K, place: P): number {
    const all = [...this.#keys.get(key) ?? []];
    const now = this.#clock.awake();
    for (const waiting of all) {
      this.#remove(waiting);
      const { begun, due, timeout } = waiting;
      const left = timeout === 0 ? 0 : Math.max(1, Math.ceil(due - now));
      waiting.settle({ place, waited: now - begun, left });
    }
    return all.length;
  }

  /** Refuses all borrowers. */
  refuseAll(error: unknown): void {
    for (const all of [...this.#keys.values()]) {
      for (const waiting of [...all]) this.#refuse(waiting, error, "closed");
    }
  }

  #refuse(waiting: Waiting<K, P>, error: unknown, why: RefuseReason): void {
    this.#remove(waiting);
    waiting.settle({ error, why, waited: this.#clock.awake() - waiting.begun });
  }

  #remove(waiting: Waiting<K, P>): void {
    const { key, signal } = waiting;
    if (signal !== undefined) this.#signals.unlisten(signal, waiting);
    this.#dated.remove(waiting);
    if (this.#dated.first === undefined) this.#timer.stop();
    const all = this.#keys.get(key);
    if (!all?.delete(waiting)) return;
    if (all.size === 0) this.#keys.delete(key);
    if (--this.size === 0) this.#calls.emptied();
  }

  #tick(): void {
    const now = this.#clock.awake();
    let errorOf: ReturnType<Calls<K>["late"]> | undefined;
    for (let i = 0; i < BATCH; i++) {
      const { first } = this.#dated;
      if (first === undefined || first.due > now) break;
      errorOf ??= this.#calls.late(); // it may do anything, also abort the first one
      if (this.#dated.first !== first) continue;
      const { ahead, begun, key, timeout } = first;
      this.#refuse(first, errorOf({ ahead, key, timeout, waited: now - begun }), "timeout");
    }
    this.#arm();
  }

  /** A waiter with a time limit keeps the process alive. */
  #arm(): void {
    const { first } = this.#dated;
    if (first === undefined) return;
    this.#timer.start(Math.max(1, Math.ceil(first.due - this.#clock.awake())), true);
  }
}

// Holder: what a process holds under the quota, who waits in it, and what it was asked to give back.

import type { Permit } from "../../pool/quota.ts";

/** What has permits: how many. */
export interface Owner {
  held: number;
}

/** Who waits for a permit. */
export interface Request {
  readonly owner: Owner;
  grant(permit: RedisPermit): void;
  reject(error: unknown): void;
}

/** Where a permit belongs. */
interface Home {
  /** Why it is not certain any more; its timer may be late. Its permits hear of it, but not at once. */
  doubt(): Error | undefined;
  released(permit: RedisPermit): void;
}

/** It is certain for as long as its holder's lease is. */
export class RedisPermit implements Permit {
  readonly #home: Home;
  readonly #owner: Owner;
  readonly #controller = new AbortController();
  #isReleased = false;

  constructor(home: Home, owner: Owner) {
    this.#home = home;
    this.#owner = owner;
    owner.held++;
  }

  get lost(): AbortSignal {
    const { signal } = this.#controller;
    if (this.#isReleased || signal.aborted) return signal;
    const doubt = this.#home.doubt();
    return doubt === undefined ? signal : AbortSignal.abort(doubt);
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    this.#owner.held--;
    this.#home.released(this);
  }

  lose(why: Error): void {
    this.#controller.abort(why);
  }
}

/**
 * Its counts only grow, until it is lost: then it begins again under another id, and the server keeps the
 * places of the old one until its lease ends.
 */
export class Holder {
  /** Who waits, the first to come first. */
  readonly waiting: Set<Request> = new Set();
  readonly permits: Set<RedisPermit> = new Set();
  /** Objects that others wait for, and that no pool was told to close yet. */
  due = 0;
  /** Somebody waits, and is to hear who has objects available. */
  isAskedForIdle = false;
  seq = 0;
  granted = 0;
  released = 0;
  /** `wanted`, as the server was last told. */
  told = 0;
  readonly #name: string;
  readonly #home: Home;
  #era = "";
  #number = 0;
  #asked = 0;
  /** Pools that are closing an object because they were told to. */
  #closing = 0;

  constructor(name: string, home: Home) {
    this.#name = name;
    this.#home = home;
  }

  get id(): string {
    return `${this.#name}.${this.#number}`;
  }

  /** All that were granted, and who waits. */
  get wanted(): number {
    return this.granted + this.waiting.size;
  }

  get isActive(): boolean {
    return this.waiting.size > 0 || this.permits.size > 0;
  }

  /**
   * When the server has begun to count: messages of another time say nothing. What it has asked for it
   * counts from then on; what it has granted goes on from what it is told.
   */
  get era(): string {
    return this.#era;
  }

  set era(era: string) {
    if (era === this.#era) return;
    this.#era = era;
    this.#asked = this.due = 0;
  }

  /** What the server has granted and asked for so far. Returns whether some of it is not needed. */
  hear(granted: number, asked: number): boolean {
    this.due += Math.max(0, asked - this.#asked);
    this.#asked = Math.max(asked, this.#asked);
    const { released } = this;
    for (; this.granted < granted; this.granted++) this.#give();
    return this.released > released;
  }

  /** A pool has begun to close an object for others, or will not lend it again. */
  passOn(): void {
    this.due--;
    this.#closing++;
  }

  /** The pool has not begun to. */
  takeBack(): void {
    this.due++;
    this.#closing--;
  }

  /** Returns whether the server has to hear of it. */
  release(permit: RedisPermit): boolean {
    if (!this.permits.delete(permit)) return false;
    this.released++;
    if (this.#closing > 0) this.#closing--;
    else if (this.due > 0) this.due--;
    return true;
  }

  /** None of its permits is certain any longer. */
  lose(why: Error): void {
    const permits = [...this.permits];
    this.permits.clear();
    this.#number++;
    this.seq =
      this.granted =
      this.released =
      this.due =
      this.#asked =
      this.#closing =
        0;
    for (const permit of permits) permit.lose(why);
  }

  /** Nobody who waits gets one. */
  refuse(error: Error): void {
    const requests = [...this.waiting];
    this.waiting.clear();
    this.told = 0; // who comes next is a reason to ask again
    for (const request of requests) request.reject(error);
  }

  #give(): void {
    const [request] = this.waiting;
    if (request === undefined) return void this.released++;
    this.waiting.delete(request);
    const permit = new RedisPermit(this.#home, request.owner);
    this.permits.add(permit);
    request.grant(permit);
  }
}

// Holder: the permits and requests of a process, and the permits that it was asked to release.

import type { Permit } from "../../pool/quota.ts";

/** An owner of permits: how many it has. */
export interface Owner {
  held: number;
}

/** A request for a permit. */
export interface Request {
  readonly owner: Owner;
  grant(permit: RedisPermit): void;
  reject(error: unknown): void;
}

/** The holder of a permit. */
interface Home {
  /**
   * Why permits are no longer certain. Called because the timer may be late; the permits are told
   * later.
   */
  doubt(): Error | undefined;
  released(permit: RedisPermit): void;
}

/** A permit, valid as long as its holder's lease. */
export class RedisPermit implements Permit {
  readonly #home: Home;
  readonly #owner: Owner;
  readonly #controller = new AbortController();
  #isOver = false;

  constructor(home: Home, owner: Owner) {
    this.#home = home;
    this.#owner = owner;
    owner.held++;
  }

  get lost(): AbortSignal {
    const { signal } = this.#controller;
    if (this.#isOver) return signal;
    const doubt = this.#home.doubt();
    return doubt === undefined ? signal : AbortSignal.abort(doubt);
  }

  release(): void {
    if (this.#end()) this.#home.released(this);
  }

  lose(why: Error): void {
    this.#end(); // its object may take time to close
    this.#controller.abort(why);
  }

  #end(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#owner.held--;
    return true;
  }
}

/**
 * Its counts only grow. When its lease is lost, it begins again with another id, and the server
 * keeps the places of the old id until that lease ends.
 */
export class Holder {
  /** The waiting requests, the oldest first. */
  readonly waiting: Set<Request> = new Set();
  readonly permits: Set<RedisPermit> = new Set();
  /** How many objects others wait for that no pool was asked to close yet. */
  due = 0;
  /** Whether another process waits, and asks for idle objects. */
  isAskedForIdle = false;
  seq = 0;
  granted = 0;
  released = 0;
  /** `wanted`, as last sent to the server. */
  told = 0;
  readonly #name: string;
  readonly #home: Home;
  #era = "";
  #number = 0;
  #asked = 0;
  /** How many pools are closing an object because they were asked to. */
  #closing = 0;

  constructor(name: string, home: Home) {
    this.#name = name;
    this.#home = home;
  }

  get id(): string {
    return `${this.#name}.${this.#number}`;
  }

  /** How many permits were granted, plus the waiting requests. */
  get wanted(): number {
    return this.granted + this.waiting.size;
  }

  get isActive(): boolean {
    return this.waiting.size > 0 || this.permits.size > 0;
  }

  /**
   * When the server began to count: messages of another era do not count. `asked` begins at 0 in
   * each era; `granted` goes on.
   */
  get era(): string {
    return this.#era;
  }

  set era(era: string) {
    if (era === this.#era) return;
    this.#era = era;
    this.#asked = this.due = 0;
  }

  /**
   * Takes the server's totals of granted and asked permits. Returns whether some permits are not
   * needed.
   */
  hear(granted: number, asked: number): boolean {
    this.due += Math.max(0, asked - this.#asked);
    this.#asked = Math.max(asked, this.#asked);
    const { released } = this;
    for (; this.granted < granted; this.granted++) this.#give();
    return this.released > released;
  }

  /** A pool closes an object for others. */
  passOn(): void {
    this.due--;
    this.#closing++;
  }

  /** The pool does not close one after all. */
  takeBack(): void {
    this.due++;
    this.#closing--;
  }

  /** Releases a permit. Returns whether the server must be told. */
  release(permit: RedisPermit): boolean {
    if (!this.permits.delete(permit)) return false;
    this.released++;
    if (this.#closing > 0) this.#closing--;
    else if (this.due > 0) this.due--;
    return true;
  }

  /** Ends all permits: they are no longer certain. */
  lose(why: Error): void {
    const permits = [...this.permits];
    this.permits.clear();
    this.#number++;
    this.seq =
      this.granted =
      this.released =
      this.told =
      this.due =
      this.#asked =
      this.#closing =
        0;
    for (const permit of permits) permit.lose(why);
  }

  /** Rejects all waiting requests. */
  refuse(error: Error): void {
    const requests = [...this.waiting];
    this.waiting.clear();
    this.told = 0; // the next request asks again
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

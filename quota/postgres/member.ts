// Member: a pool of the quota, and its places.

import { abortReason } from "../../values.ts";
import { asyncDispose } from "../../disposal.ts";
import type { Permit, QuotaClient, QuotaMember } from "../../pool/quota.ts";
import type { Session } from "./session.ts";

/** The functions that members and places call. */
export interface Calls {
  enqueue(request: Request): void;
  withdraw(request: Request): void;
  release(place: Place): void;
  detach(member: Member): Promise<void>;
}

/** A request that waits for a place. */
export interface Request {
  readonly member: Member;
  resolve(permit: Permit): void;
  reject(error: unknown): void;
}

/** A pool. */
export class Member implements QuotaMember {
  readonly pool: QuotaClient;
  readonly places: Set<Place> = new Set();
  readonly #calls: Calls;

  constructor(calls: Calls, pool: QuotaClient) {
    this.#calls = calls;
    this.pool = pool;
  }

  acquire({ signal }: { signal: AbortSignal }): Promise<Permit> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    return new Promise((resolve, reject) => {
      const abort = () => {
        this.#calls.withdraw(request);
        reject(abortReason(signal));
      };
      const done = () => signal.removeEventListener("abort", abort);
      const request: Request = {
        member: this,
        resolve: (permit) => {
          done();
          resolve(permit);
        },
        reject: (error) => {
          done();
          reject(error);
        },
      };
      signal.addEventListener("abort", abort, { once: true });
      this.#calls.enqueue(request);
    });
  }

  /** Since when it has had its oldest place. */
  get oldest(): number | undefined {
    const [first] = this.places;
    return first?.since;
  }

  [asyncDispose](): Promise<void> {
    return this.#calls.detach(this);
  }
}

/** A place that a pool has. */
export class Place implements Permit {
  readonly number: number;
  readonly member: Member;
  readonly session: Session;
  readonly since: number = performance.now();
  readonly #calls: Calls;
  #released = false;

  constructor(calls: Calls, member: Member, session: Session, number: number) {
    this.#calls = calls;
    this.member = member;
    this.session = session;
    this.number = number;
    member.places.add(this);
  }

  get lost(): AbortSignal {
    return this.session.lost;
  }

  release(): void {
    if (this.#released) return;
    this.#released = true;
    this.member.places.delete(this);
    this.#calls.release(this);
  }
}

// Local: a quota over the pools of one thread: a hard cap, whose permits go to pools in turn.

import { asyncDispose } from "../disposal.ts";
import { PoolError } from "../errors.ts";
import type { Permit, Quota, QuotaClient, QuotaMember } from "../pool/quota.ts";
import { abortReason } from "../values.ts";

/** A request for a permit. */
interface Waiting {
  grant(permit: Permit): void;
  refuse(error: unknown): void;
}

/** One pool. */
class Member implements QuotaMember {
  readonly client: QuotaClient;
  readonly waiting: Set<Waiting> = new Set();
  held = 0;
  /** How many of its permits will be released: their objects are being closed for other pools. */
  promised = 0;
  /** Whether it was asked to reclaim without an idle object, and has released no permit since. */
  asked = false;
  /** Whether it has permits, or waits for one. */
  active = false;
  left = false;
  readonly #quota: Cap;

  constructor(quota: Cap, client: QuotaClient) {
    this.#quota = quota;
    this.client = client;
  }

  acquire({ signal }: { signal: AbortSignal }): Promise<Permit> {
    return this.#quota.acquire(this, signal);
  }

  yields(needed: boolean): boolean {
    return this.#quota.yields(this, needed);
  }

  [asyncDispose](): Promise<void> {
    this.#quota.leave(this);
    return Promise.resolve();
  }
}

/** At most `max` permits at once. */
export class Cap implements Quota {
  /** Infinity: unlimited. */
  readonly max: number;
  /** How many permits are out. */
  used = 0;
  /** How many requests wait. */
  waiting = 0;
  /** The members that wait, the next in turn first. */
  readonly #ring = new Set<Member>();
  /** The members with permits, the last one served last. */
  readonly #holders = new Set<Member>();
  /** How many members have permits or wait. */
  #active = 0;
  /** How many permits will be released for waiters. */
  #promised = 0;
  #asking = false;

  constructor(max: number) {
    this.max = max;
  }

  attach(client: QuotaClient): Member {
    return new Member(this, client);
  }

  acquire(member: Member, signal: AbortSignal): Promise<Permit> {
    if (signal.aborted) return Promise.reject(abortReason(signal));
    if (member.left) return Promise.reject(new PoolError("this member has left its quota"));
    if (this.used < this.max) return Promise.resolve(this.#grant(member));
    return new Promise((grant, refuse) => {
      const waiting = { grant, refuse };
      signal.addEventListener("abort", () => {
        if (this.#withdraw(member, waiting)) refuse(abortReason(signal));
      }, { once: true });
      member.waiting.add(waiting);
      this.waiting++;
      this.#ring.add(member);
      this.#count(member);
      this.#serve();
    });
  }

  #withdraw(member: Member, waiting: Waiting): boolean {
    if (!member.waiting.delete(waiting)) return false;
    this.waiting--;
    if (member.waiting.size === 0) this.#ring.delete(member);
    this.#count(member);
    return true;
  }

  #grant(member: Member): Permit {
    this.used++;
    member.held++;
    this.#holders.delete(member);
    this.#holders.add(member);
    this.#count(member);
    let released = false;
    return {
      release: () => {
        if (released || member.left) return;
        released = true;
        this.#release(member);
      },
    };
  }

  #release(member: Member): void {
    this.used--;
    member.asked = false;
    if (member.promised > 0) this.#promise(member, -1);
    if (--member.held === 0) this.#holders.delete(member);
    this.#count(member);
    this.#serve();
  }

  /** Counts an object that is being closed for other pools, or no longer is. */
  #promise(member: Member, by: 1 | -1): void {
    member.promised += by;
    this.#promised += by;
  }

  #count(member: Member): void {
    const active = member.held + member.waiting.size > 0;
    if (active === member.active) return;
    member.active = active;
    this.#active += active ? 1 : -1;
  }

  /**
   * Gives free permits to waiting members, one each in turn. Then asks pools to close objects for
   * the rest.
   */
  #serve(): void {
    while (this.used < this.max && this.waiting > 0) {
      const [member] = this.#ring as Iterable<Member> as [Member];
      const [waiting] = member.waiting as Iterable<Waiting> as [Waiting];
      this.#withdraw(member, waiting);
      if (this.#ring.delete(member)) this.#ring.add(member); // it waits for more, now behind the others
      waiting.grant(this.#grant(member));
    }
    this.#ask();
  }

  /** Reclaims idle objects, the longest idle first; then asks the member with the most permits. */
  #ask(): void {
    if (this.#asking) return; // called by `reclaim`: the loop below goes on
    this.#asking = true;
    const refused = new Set<Member>();
    try {
      while (this.waiting > this.#promised) {
        const member = this.#longestUnused(refused) ?? this.#greatest();
        if (member === undefined) break;
        this.#promise(member, 1);
        if (member.client.reclaim()) continue;
        if (member.promised > 0) this.#promise(member, -1);
        member.asked = true;
        refused.add(member);
      }
    } finally {
      this.#asking = false;
    }
  }

  /** The member with the longest idle object that can be reclaimed. */
  #longestUnused(refused: Set<Member>): Member | undefined {
    let found: Member | undefined;
    let longest = -1;
    for (const member of this.#holders) {
      if (refused.has(member) || !this.#isOther(member) || member.client.available === 0) continue;
      const { unused = 0 } = member.client;
      if (unused <= longest) continue;
      found = member;
      longest = unused;
    }
    return found;
  }

  /** The member with the most permits, if it is above its fair share and was not asked yet. */
  #greatest(): Member | undefined {
    let found: Member | undefined;
    for (const member of this.#holders) {
      if (found === undefined || member.held > found.held) found = member;
    }
    return found !== undefined && !found.asked && this.#isAbove(found) ? found : undefined;
  }

  /** Whether another member waits. */
  #isOther(member: Member): boolean {
    return this.#ring.size > (member.waiting.size > 0 ? 1 : 0);
  }

  /** Whether a returned object must be closed for another pool. */
  yields(member: Member, needed: boolean): boolean {
    if (this.waiting - member.waiting.size <= this.#promised) return false;
    if (needed && !this.#isAbove(member)) return false;
    this.#promise(member, 1);
    return true;
  }

  /**
   * Whether it is above its fair share, and a waiting member has less. It must have two more:
   * otherwise the two would take the permit from each other for ever. A member without any must not
   * wait for ever.
   */
  #isAbove(member: Member): boolean {
    const held = member.held - member.promised;
    if (held <= this.max / this.#active) return false;
    for (const other of this.#ring) {
      if (other !== member && (other.held === 0 || other.held < held - 1)) return true;
    }
    return false;
  }

  /** A member leaves: it has released all permits, or never will. */
  leave(member: Member): void {
    if (member.left) return;
    for (const waiting of [...member.waiting]) {
      this.#withdraw(member, waiting);
      waiting.refuse(new PoolError("this member has left its quota"));
    }
    member.left = true;
    while (member.promised > 0) this.#promise(member, -1);
    this.used -= member.held;
    member.held = 0;
    this.#holders.delete(member);
    this.#count(member);
    this.#serve();
  }
}

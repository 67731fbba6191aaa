// Local: a quota over the pools of one thread: a hard cap, whose places go round by pool.

import { asyncDispose } from "../disposal.ts";
import { PoolError } from "../errors.ts";
import type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";
import { abortReason } from "../values.ts";

/** How many pools a message names. */
const SHARES = 5;

/** Who waits for a permit. */
interface Waiting {
  grant(permit: Permit): void;
  refuse(error: unknown): void;
  /** It waits no more: its signal need not be listened to. */
  end(): void;
}

/** One pool. */
class Member implements QuotaMember {
  readonly client: QuotaClient;
  readonly waiting: Set<Waiting> = new Set();
  held = 0;
  /** How many of these are to come back: their objects are being closed for others. */
  promised = 0;
  /** It was asked to reclaim while it had none available, and has released none since. */
  asked = false;
  /** It has permits, or waits for one. */
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

  shares(most: number): QuotaShare[] {
    return this.#quota.shares(this, most);
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
  /** How many are waited for. */
  waiting = 0;
  /** Who waits: whose turn it is comes first. */
  readonly #ring = new Set<Member>();
  /** Who has permits: who was given one last comes last. */
  readonly #holders = new Set<Member>();
  /** How many have permits or wait. */
  #active = 0;
  /** How many permits are to come back. */
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
      const aborted = () => {
        this.#withdraw(member, waiting);
        refuse(abortReason(signal));
      };
      const waiting = { grant, refuse, end: () => signal.removeEventListener("abort", aborted) };
      signal.addEventListener("abort", aborted);
      member.waiting.add(waiting);
      this.waiting++;
      this.#ring.add(member);
      this.#count(member);
      this.#serve();
    });
  }

  #withdraw(member: Member, waiting: Waiting): void {
    waiting.end();
    member.waiting.delete(waiting);
    this.waiting--;
    if (member.waiting.size === 0) this.#ring.delete(member);
    this.#count(member);
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

  /** One more of its objects is being closed for others, or one less. */
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

  /** Gives what is free to those who wait, a permit each in turn; then asks for more to come back. */
  #serve(): void {
    while (this.used < this.max && this.waiting > 0) {
      const [member] = this.#ring as Iterable<Member> as [Member];
      const [waiting] = member.waiting as Iterable<Waiting> as [Waiting];
      this.#withdraw(member, waiting);
      if (this.#ring.delete(member)) this.#ring.add(member); // it waits for another one, behind the others
      waiting.grant(this.#grant(member));
    }
    this.#ask();
  }

  /** Has available objects closed, the longest unused first, then asks who has most. */
  #ask(): void {
    if (this.#asking) return; // by what is closed at once: the loop below goes on
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

  /** Who has the longest unused object, of those who have one for others. */
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

  /** Who has most, and more than its fair share; unless it was asked already. */
  #greatest(): Member | undefined {
    let found: Member | undefined;
    for (const member of this.#holders) {
      if (found === undefined || member.held > found.held) found = member;
    }
    return found !== undefined && !found.asked && this.#isAbove(found) ? found : undefined;
  }

  /** Whether somebody else waits. */
  #isOther(member: Member): boolean {
    return this.#ring.size > (member.waiting.size > 0 ? 1 : 0);
  }

  /** Whether an object that has come back is to be closed for somebody else. */
  yields(member: Member, needed: boolean): boolean {
    if (this.waiting - member.waiting.size <= this.#promised) return false;
    if (needed && !this.#isAbove(member)) return false;
    this.#promise(member, 1);
    return true;
  }

  /**
   * Whether it has more than its fair share, and somebody waits who has less. It must have two more, or
   * else the two would take it from each other for ever; who has none must not wait for ever.
   */
  #isAbove(member: Member): boolean {
    const held = member.held - member.promised;
    if (held <= this.max / this.#active) return false;
    for (const other of this.#ring) {
      if (other !== member && (other.held === 0 || other.held < held - 1)) return true;
    }
    return false;
  }

  /** What other pools have, those first that were given their last permit longest ago. */
  shares(member: Member, most: number): QuotaShare[] {
    const shares: QuotaShare[] = [];
    let left = most;
    for (const { client, held } of this.#others(member)) {
      const holders = left > 0 ? client.holders?.(left) ?? [] : [];
      shares.push({ pool: client.name ?? "another pool", permits: held, holders });
      left -= holders.length;
    }
    return shares;
  }

  /** A few others that have permits. */
  #others(member: Member): Member[] {
    const others: Member[] = [];
    for (const other of this.#holders) {
      if (other === member) continue;
      if (others.push(other) === SHARES) break;
    }
    return others;
  }

  /** It has released all, or will never do so. */
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

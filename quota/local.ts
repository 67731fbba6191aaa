// Local: a quota over the pools of one thread: a hard cap, whose permits go to pools in turn.

import { asyncDispose } from "../disposal.ts";
import { PoolError } from "../errors.ts";
import { after } from "../pool/clock.ts";
import { type Dated, Deadlines } from "../pool/deadlines.ts";
import { List, Node } from "../pool/list.ts";
import type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";
import { abortReason } from "../values.ts";

/** How often to look for idle objects in all pools while requests wait, in ms. */
const LOOK = 50;

/** How many other pools a message names. */
const SHARES = 5;

/** A request for a permit. */
interface Waiting {
  grant(permit: Permit): void;
  refuse(error: unknown): void;
  /** It waits no more: its signal need not be listened to. */
  end(): void;
}

/** One pool. */
class Member extends Node implements QuotaMember, Dated {
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
  /** Since when its longest unused object is idle, or earlier; by `performance.now()`. */
  due = 0;
  slot = -1;
  readonly #quota: Cap;

  constructor(quota: Cap, client: QuotaClient) {
    super();
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
  /** How many requests wait. */
  waiting = 0;
  /** The members that wait, the next in turn first. */
  readonly #ring = new Set<Member>();
  /** The members with permits, the last one served last. */
  readonly #holders = new List<Member>();
  /** The members that may have idle objects, the longest unused first. */
  readonly #resting = new Deadlines<Member>();
  /** When all holders were last looked at, by `performance.now()`; and what cancels the next time. */
  #looked = -Infinity;
  #cancel: (() => void) | undefined;
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
    if (member.held > 1) this.#holders.remove(member);
    this.#holders.push(member);
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
    if (--member.held === 0) this.#drop(member);
    this.#count(member);
    this.#serve();
  }

  /** A member has no permits any more. */
  #drop(member: Member): void {
    this.#holders.remove(member);
    this.#resting.remove(member);
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
    const now = performance.now();
    const found = this.#firstUnused(refused, now);
    if (found !== undefined || !this.#lookAtAll(now)) return found;
    return this.#firstUnused(refused, now);
  }

  #firstUnused(refused: Set<Member>, now: number): Member | undefined {
    const skipped: Member[] = [];
    let found: Member | undefined;
    while (found === undefined) {
      const member = this.#resting.first;
      if (member === undefined) break;
      const { due } = member;
      this.#resting.remove(member);
      if (member.client.available === 0) continue; // its next return adds it again
      member.due = now - (member.client.unused ?? 0);
      // Its longest unused object was lent meanwhile, so another member may come first.
      if (member.due > due + 1) this.#resting.add(member);
      else if (refused.has(member) || !this.#isOther(member)) skipped.push(member);
      else found = member;
    }
    for (const member of skipped) this.#resting.add(member);
    if (found !== undefined) this.#resting.add(found);
    return found;
  }

  /**
   * Finds idle objects that were not reported, and lost leases, in all pools. It is slow, so it is done
   * rarely. It returns whether it was done.
   */
  #lookAtAll(now: number): boolean {
    this.#cancel ??= after(LOOK, false, () => {
      this.#cancel = undefined;
      if (this.waiting > this.#promised) this.#ask();
    });
    if (now < this.#looked + LOOK && now >= this.#looked) return false;
    this.#looked = now;
    for (const member of this.#holders) {
      if (member.client.available > 0) this.#rests(member, now);
    }
    return true;
  }

  #rests(member: Member, now: number): void {
    if (member.slot >= 0 || member.held === 0) return;
    member.due = now - (member.client.available > 0 ? member.client.unused ?? 0 : 0);
    this.#resting.add(member);
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
    const yields = this.waiting - member.waiting.size > this.#promised &&
      (!needed || this.#isAbove(member));
    if (yields) this.#promise(member, 1);
    else if (!needed && member.slot < 0) this.#rests(member, performance.now());
    return yields;
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

  /** The permits of other pools, the one served longest ago first. */
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

  /** A few other members with permits. */
  #others(member: Member): Member[] {
    const others: Member[] = [];
    for (const other of this.#holders) {
      if (other === member) continue;
      if (others.push(other) === SHARES) break;
    }
    return others;
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
    if (member.held > 0) this.#drop(member);
    member.held = 0;
    this.#count(member);
    this.#serve();
  }
}

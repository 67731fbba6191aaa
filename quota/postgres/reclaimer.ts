// Reclaimer: asks other processes for a place, and lets members release one when others ask.

import { after } from "../../pool/clock.ts";
import type { Member, Request } from "./member.ts";
import { graceOf, isAbove } from "./rules.ts";
import type { Answer, Session } from "./session.ts";
import type { Times } from "./times.ts";

/** A request of one process to all others for a place. */
interface Want {
  readonly id: number;
  readonly pid: number;
  /** How many places it has. */
  readonly has: number;
  readonly contenders: number;
}

/** A want that this process must fulfil. */
interface Claim {
  readonly id: number;
  readonly since: number;
}

/** The reclaimer of one quota in one process. */
export class Reclaimer {
  readonly #max: number;
  readonly #times: Times;
  readonly #members: ReadonlySet<Member>;
  #session: Session | undefined;
  #claims: Claim[] = [];
  /** Claims to drop by the next statement. */
  #dropped: number[] = [];
  #lastHeard = -Infinity;
  readonly #timers = new Set<() => void>();

  constructor(max: number, times: Times, members: ReadonlySet<Member>) {
    this.#max = max;
    this.#times = times;
    this.#members = members;
  }

  /** The present session. */
  set session(session: Session | undefined) {
    this.#session = session;
    this.#claims = [];
    this.#dropped = [];
    for (const stop of this.#timers) stop();
    this.#timers.clear();
  }

  /** The claims that the places released now fulfil. */
  settle(): number[] {
    this.#drop(() => true);
    return this.#dropped.splice(0);
  }

  /** A request waits here, and no place is free. */
  want({ ahead, holders, waiting }: Answer, requests: Iterable<Request>, force: boolean): void {
    const session = this.#session;
    if (session === undefined || this.#closeIdle()) return;
    this.#shareHere(requests);
    // The first in the queue asks; another one if it does not.
    const silent = performance.now() - this.#lastHeard > this.#times.poll;
    if (ahead > 0 && !(force && silent)) return;
    const contenders = new Set([...holders, ...waiting]).size;
    this.#tell(session, { id: newId(), pid: session.pid, has: this.#count(), contenders });
  }

  #tell(session: Session, { id, pid, has, contenders }: Want): void {
    session.ask(session.statements.tell(`want ${id} ${pid} ${has} ${contenders}`)).catch(ignore);
  }

  /** A process asks, perhaps this one. */
  heard([id = 0, pid = 0, has = 0, contenders = 1]: number[]): void {
    this.#lastHeard = performance.now();
    const session = this.#session;
    if (session === undefined || pid === session.pid) return;
    const want = { id, pid, has, contenders };
    if (this.#available() > 0) return void this.#giveIdle(session, want);
    if (!this.#mayGive(want)) return;
    this.#later(this.#oldest(), () => {
      if (this.#mayGive(want)) void this.#giveNext(session, want);
    });
  }

  /** One at a time: the place is released when an object is returned. */
  #mayGive(want: Want): boolean {
    return this.#claims.every((claim) => this.#isOld(claim)) && this.#isAbove(want);
  }

  #isAbove({ has, contenders }: Want): boolean {
    return isAbove(this.#count(), has, { max: this.#max, contenders });
  }

  async #giveIdle(session: Session, want: Want): Promise<void> {
    if (!await this.#claim(session, want) || this.#closeIdle()) return;
    // It has been lent meanwhile: other processes may have an idle one.
    this.#passOn(session, want);
  }

  async #giveNext(session: Session, want: Want): Promise<void> {
    if (!await this.#claim(session, want)) return;
    if (this.#isAbove(want)) biggest(this.#members)?.pool.reclaim();
    else this.#passOn(session, want);
  }

  #passOn(session: Session, want: Want): void {
    this.#drop(({ id }) => id === want.id);
    this.#tell(session, { ...want, id: newId() });
  }

  #drop(which: (claim: Claim) => boolean): void {
    this.#dropped.push(...this.#claims.filter(which).map(({ id }) => id));
    this.#claims = this.#claims.filter((claim) => !which(claim));
  }

  /** Whether this process, of all that could, releases a place. */
  async #claim(session: Session, { id }: Want): Promise<boolean> {
    this.#drop((claim) => this.#isOld(claim));
    const claim = { id, since: performance.now() };
    this.#claims.push(claim);
    try {
      const { won } = await session.ask(session.statements.claim(id, this.#dropped.splice(0)));
      if (!won) this.#claims = this.#claims.filter((other) => other !== claim);
      return won && session === this.#session;
    } catch {
      return false; // its session has ended, and its requests were rejected
    }
  }

  /** Whether the process that wants a place has asked again since. */
  #isOld({ since }: Claim): boolean {
    return performance.now() - since > 2 * this.#times.poll;
  }

  /** Closes the longest idle object that can be reclaimed. */
  #closeIdle(): boolean {
    const spare = [...this.#members].filter(({ pool }) => pool.available > 0);
    spare.sort((a, b) => (b.pool.unused ?? 0) - (a.pool.unused ?? 0));
    return spare.some(({ pool }) => pool.reclaim());
  }

  /**
   * Moves places within this process: a member above its share closes an object for one with less.
   */
  #shareHere(requests: Iterable<Request>): void {
    const from = biggest(this.#members);
    const wanting = new Set([...requests].map(({ member }) => member));
    const [to] = wanting;
    if (from === undefined || to === undefined) return;
    const holding = [...this.#members].filter(({ places }) => places.size > 0);
    const shares = { max: this.#count(), contenders: new Set([...holding, ...wanting]).size };
    const isDue = () => isAbove(from.places.size, to.places.size, shares);
    if (isDue()) this.#later(from.oldest, () => void (isDue() && from.pool.reclaim()));
  }

  #later(oldest: number | undefined, fn: () => void): void {
    const age = oldest === undefined ? 0 : performance.now() - oldest;
    const stop = after(graceOf(age, this.#times.slice), false, () => {
      this.#timers.delete(stop);
      fn();
    });
    this.#timers.add(stop);
  }

  #available(): number {
    return sum(this.#members, ({ pool }) => pool.available);
  }

  #count(): number {
    return sum(this.#members, ({ places }) => places.size);
  }

  #oldest(): number | undefined {
    const all = [...this.#members].flatMap(({ oldest }) => oldest ?? []);
    return all.length === 0 ? undefined : Math.min(...all);
  }
}

function sum(members: Iterable<Member>, of: (member: Member) => number): number {
  let total = 0;
  for (const member of members) total += of(member);
  return total;
}

/** The member that has the most places. */
function biggest(members: Iterable<Member>): Member | undefined {
  return [...members].sort((a, b) => b.places.size - a.places.size)[0];
}

function newId(): number {
  return 1 + Math.floor(Math.random() * (2 ** 31 - 2));
}

function ignore(): void {}

// Engine: sends the statements of one process to the server for all its members, one at a time.

import { outside } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { after } from "../../pool/clock.ts";
import type { QuotaClient } from "../../pool/quota.ts";
import { type Calls, Member, Place, type Request } from "./member.ts";
import { Reclaimer } from "./reclaimer.ts";
import { turnOf } from "./rules.ts";
import { type Answer, type Hears, Session } from "./session.ts";
import { CALLED, Statements } from "./sql.ts";
import { Suspicion } from "./suspicion.ts";
import type { Times } from "./times.ts";

/** The engine of one quota in one process. */
export class PostgresEngine implements Calls {
  readonly #max: number;
  readonly #key: string;
  readonly #connect: () => unknown;
  readonly #times: Times;
  readonly #members = new Set<Member>();
  readonly #waiting = new Set<Request>();
  readonly #reclaimer: Reclaimer;
  readonly #suspicion: Suspicion;
  readonly #hears: Hears = {
    told: (payload) => this.#heard(payload),
    peers: (pids) => this.#suspicion.see(pids),
  };
  #session: Session | undefined;
  /** The places that the session holds. */
  readonly #places = new Map<number, Place>();
  /** The places to release. */
  #returned: number[] = [];
  /** Waiting requests must look for a place at the next step, if need be out of turn. */
  #due = false;
  #force = false;
  #work: Promise<void> | undefined;
  /** There may be work that the last step has not seen. */
  #asked = false;
  #ended: Promise<void> = Promise.resolve();
  #endPoll: (() => void) | undefined;
  #endTurn: (() => void) | undefined;
  #endLinger: (() => void) | undefined;

  constructor(max: number, key: string, connect: () => unknown, times: Times) {
    this.#max = max;
    this.#key = key;
    this.#connect = connect;
    this.#times = times;
    this.#reclaimer = new Reclaimer(max, times, this.#members);
    this.#suspicion = new Suspicion(times.grace);
  }

  attach(pool: QuotaClient): Member {
    const member = new Member(this, pool);
    this.#members.add(member);
    return member;
  }

  enqueue(request: Request): void {
    this.#waiting.add(request);
    if (this.#session?.ticket === undefined) this.#due = true;
    this.#start();
  }

  withdraw(request: Request): void {
    this.#waiting.delete(request);
    this.#start();
  }

  release({ number, session }: Place): void {
    if (session !== this.#session) return; // the server has released it
    this.#places.delete(number);
    this.#returned.push(number);
    this.#start();
  }

  async detach(member: Member): Promise<void> {
    this.#members.delete(member);
    for (const place of [...member.places]) place.release();
    for (const request of [...this.#waiting]) {
      if (request.member !== member) continue;
      this.#waiting.delete(request);
      request.reject(new PoolError("postgresQuota: this member has been disposed of"));
    }
    // A session that is being opened ends at once.
    if (this.#session !== undefined) await this.#work;
    if (this.#members.size === 0) await this.#end();
  }

  /** Starts a step at the end of this turn. */
  #start(): void {
    this.#endLinger?.();
    this.#asked = true;
    this.#work ??= outside(async () => {
      await undefined;
      while (this.#asked) {
        this.#asked = false;
        while (await this.#step().catch((error) => this.#failed(error)));
      }
      this.#work = undefined;
      this.#rest();
    });
  }

  /** @returns whether there may be more to do */
  async #step(): Promise<boolean> {
    const session = this.#session;
    session?.hold(this.#waiting.size > 0);
    if (session !== undefined && this.#returned.length > 0) await this.#giveBack(session);
    else if (this.#waiting.size > 0 && this.#due) await this.#seek();
    else if (session?.ticket !== undefined && this.#waiting.size === 0) {
      await this.#leave(session, 1);
    } else return false;
    return true;
  }

  #failed(error: unknown): boolean {
    // For an ended session, waiting requests were already rejected.
    if (!(error instanceof PoolError)) this.#refuse(error);
    return true;
  }

  #refuse(error: unknown): void {
    const requests = [...this.#waiting];
    this.#waiting.clear();
    for (const { reject } of requests) reject(error);
  }

  async #opened(): Promise<Session> {
    if (this.#session !== undefined) return this.#session;
    const statements = new Statements(this.#key, this.#max, crypto.randomUUID());
    try {
      const session = await Session.open(this.#connect, statements, this.#times, this.#hears);
      if (session.over) throw session.lost.reason;
      this.#session = session;
      this.#reclaimer.session = session;
      session.hold(this.#waiting.size > 0);
      session.lost.addEventListener("abort", () => this.#lost(session.lost.reason), { once: true });
      return session;
    } catch (error) {
      this.#refuse(error);
      throw error;
    }
  }

  #lost(error: unknown): void {
    this.#forget();
    this.#suspicion.rouse(); // other processes may have lost theirs, too
    this.#due = true; // for the next request
    this.#refuse(error);
  }

  /** The session has ended. */
  #forget(): void {
    this.#session = undefined;
    this.#suspicion.forget();
    this.#places.clear();
    for (const { places } of this.#members) places.clear(); // before their release
    this.#returned = [];
    this.#reclaimer.session = undefined;
    this.#endPoll?.();
    this.#endTurn?.();
    this.#endLinger?.();
  }

  async #giveBack(session: Session): Promise<void> {
    const places = this.#returned;
    this.#returned = [];
    // Requests of this process look by themselves: perhaps no other process waits.
    this.#due = true;
    await session.ask(session.statements.giveBack(places, this.#reclaimer.settle()));
  }

  async #seek(): Promise<void> {
    const force = this.#force;
    this.#due = this.#force = false;
    const session = await this.#opened();
    if (session.ticket === undefined) return await this.#enter(session);
    const { statements, ticket } = session;
    const seen = await session.ask(
      statements.look(this.#waiting.size, this.#places.keys(), ticket, force),
    );
    await this.#grant(session, seen);
    if (session !== this.#session) return; // it has ended meanwhile
    this.#planPoll();
    const left = seen.free - seen.slots.length;
    if (this.#waiting.size === 0) return await this.#leave(session, left);
    if (seen.slots.length === 0) return this.#reclaimer.want(seen, this.#waiting, force);
    this.#due = true;
    if (seen.others > 0) await this.#goLast(session, seen, left);
  }

  /** Takes free places if no other process waits, else gets a ticket. */
  async #enter(session: Session): Promise<void> {
    const { statements } = session;
    const wanted = this.#waiting.size;
    const seen = await session.ask(statements.take(wanted, this.#places.keys()));
    await this.#grant(session, seen);
    this.#due = true; // for a request that came meanwhile
    if (this.#waiting.size === 0 || seen.slots.length === wanted) return;
    session.ticket = (await session.ask(statements.queueUp(undefined))).ticket ?? undefined;
    // Places released meanwhile have called nobody.
    this.#due = true;
  }

  /** One place a turn: a process that waits for more goes to the end of the queue. */
  async #goLast(session: Session, { waiting }: Answer, left: number): Promise<void> {
    const { statements, pid, ticket } = session;
    session.ticket = (await session.ask(statements.queueUp(ticket))).ticket ?? undefined;
    const others = waiting.filter((other) => other !== pid).slice(0, CALLED);
    await session.ask(statements.tell(`free ${left} ${others.join(" ")}`));
  }

  async #leave(session: Session, free: number): Promise<void> {
    const ticket = session.ticket!;
    session.ticket = undefined;
    this.#endPoll?.();
    this.#endTurn?.();
    await session.ask(session.statements.leave(ticket, free));
    // A request that came meanwhile has to enter.
    this.#due = true;
  }

  async #grant(session: Session, { slots }: Answer): Promise<void> {
    if (slots.length > 0) await this.#suspicion.end();
    if (session !== this.#session) return;
    for (const number of slots) {
      const [request] = this.#waiting;
      if (request === undefined) {
        this.#returned.push(number); // the request was withdrawn
        continue;
      }
      this.#waiting.delete(request);
      const place = new Place(this, request.member, session, number);
      this.#places.set(number, place);
      request.resolve(place);
    }
  }

  /**
   * Looks from time to time without a call: a holder may have died, or a called process may not
   * come.
   */
  #planPoll(): void {
    this.#endPoll?.();
    const wait = this.#times.poll * (0.75 + Math.random() / 2);
    this.#endPoll = after(wait, true, () => this.#look());
  }

  #look(): void {
    this.#due = this.#force = true;
    this.#start();
  }

  /** Handles a notification of some process. */
  #heard(payload: string): void {
    const [what, ...numbers] = payload.split(" ");
    const given = numbers.map(Number);
    if (what === "want") this.#reclaimer.heard(given);
    if (what === "bye") this.#suspicion.excuse(given[0]!);
    if (what !== "free" || this.#session?.ticket === undefined) return;
    const [free = 0, ...pids] = given;
    const position = pids.indexOf(this.#session.pid);
    if (position < 0) return;
    // The first in the queue looks in any case: it asks for a place if none is free.
    if (position === 0 || position < free) {
      this.#due = true;
      return this.#start();
    }
    this.#endTurn?.();
    this.#endTurn = after(turnOf(position, free, this.#times.turn), true, () => this.#look());
  }

  /** Ends an unused session after a time; without members at once. */
  #rest(): void {
    this.#session?.hold(this.#waiting.size > 0);
    if (this.#session === undefined || this.#waiting.size + this.#places.size > 0) return;
    if (this.#members.size === 0) return void this.#end();
    this.#endLinger?.();
    this.#endLinger = after(this.#times.linger, false, () => void this.#end());
  }

  /** Resolves when the last session has ended. */
  #end(): Promise<void> {
    const session = this.#session;
    if (session === undefined) return this.#ended;
    this.#forget();
    const bye = session.statements.tell(`bye ${session.pid}`);
    return this.#ended = session.ask(bye).catch(() => {}).then(() => session.end());
  }
}

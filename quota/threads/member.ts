// Member: one pool under a thread quota: its permits and requests, and what it closes for others.

import { outside } from "../../context.ts";
import { asyncDispose } from "../../disposal.ts";
import { PoolError } from "../../errors.ts";
import { Clock, Timer } from "../../pool/clock.ts";
import type { Permit, QuotaClient, QuotaMember } from "../../pool/quota.ts";
import { abortReason } from "../../values.ts";
import { isAbove, type Picture, unmet, wantedBeside } from "./rules.ts";
import { EVERY, serve, sweep } from "./serve.ts";
import { type Seat, SLOTS, type Table } from "./table.ts";

/** For how long after its last permit a busy pool closes nothing for others, in ms. */
const SLICE = 50;

/** A request for a permit. */
interface Request {
  grant(permit: Permit): void;
  refuse(error: unknown): void;
}

export class Member implements QuotaMember {
  readonly #table: Table;
  readonly #client: QuotaClient;
  readonly #held = new Set<number>();
  readonly #waiting = new Set<Request>();
  readonly #clock = new Clock();
  /** Runs while a request waits. It keeps the thread alive: the permit comes from another thread. */
  readonly #timer = new Timer(this.#clock, () => this.#look());
  #seat: Seat | undefined;
  #left = false;
  /** How many objects are being closed for others. */
  #promised = 0;
  /** When it last got a permit. */
  #given = -Infinity;
  /** The last moment at which no other member waited, by `table.sequence`. */
  #quiet: number | undefined;

  constructor(table: Table, client: QuotaClient) {
    this.#table = table;
    this.#client = client;
  }

  acquire({ signal }: { signal: AbortSignal }): Promise<Permit> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const seat = this.#sit();
      const settle = <V>(settled: (value: V) => void) => (value: V) => {
        signal.removeEventListener("abort", abort);
        settled(value);
      };
      const request: Request = { grant: settle(resolve), refuse: settle(reject) };
      const abort = () => {
        if (!this.#waiting.delete(request)) return;
        this.#table.wantLess(seat, this.#target);
        this.#rest();
        request.refuse(abortReason(signal));
      };
      signal.addEventListener("abort", abort);
      this.#waiting.add(request);
      this.#table.want(seat, this.#target, this.#waiting.size === 1);
      this.#serve(seat);
      if (!this.#waiting.has(request)) return;
      if (this.#timer.at === Infinity) this.#timer.start(EVERY, true);
      this.#ask(seat);
    });
  }

  yields(needed: boolean): boolean {
    const seat = this.#seat;
    if (seat === undefined || this.#table.sequence === this.#quiet) return false;
    if (!needed) return this.#promise(seat, () => true);
    if (this.#clock.awake() - this.#given < SLICE) return false;
    return this.#promise(seat, (picture) => isAbove(picture, seat.slot));
  }

  [asyncDispose](): Promise<void> {
    this.#leave();
    return Promise.resolve();
  }

  get #target(): number {
    return this.#held.size + this.#waiting.size;
  }

  #sit(): Seat {
    if (this.#left) throw new PoolError("this member has left its quota");
    if (this.#seat !== undefined) return this.#seat;
    sweep(this.#table); // frees the slots of ended threads, soon
    const seat = outside(() => this.#table.join());
    if (seat === undefined) {
      throw new PoolError(`threadQuota: no more than ${SLOTS} pools may share a buffer at once`);
    }
    this.#seat = seat;
    outside(() => this.#listen(seat));
    return seat;
  }

  #listen(seat: Seat): void {
    this.#table.listen(seat, () => {
      if (this.#left) return;
      this.#collect(seat);
      this.#giveIdle(seat);
      this.#listen(seat);
    });
  }

  #serve(seat: Seat): void {
    serve(this.#table, seat.slot);
    this.#collect(seat);
  }

  /** Grants requests the places that it was given. Frees places that it no longer needs. */
  #collect(seat: Seat): void {
    let isTooMuch = false;
    for (const place of this.#table.placesOf(seat)) {
      if (this.#held.has(place)) continue;
      const [request] = this.#waiting;
      if (request === undefined) {
        this.#table.free(place, seat);
        isTooMuch = true;
        continue;
      }
      this.#waiting.delete(request);
      this.#held.add(place);
      this.#given = this.#clock.awake();
      request.grant(this.#permit(seat, place));
    }
    this.#rest();
    if (isTooMuch) serve(this.#table, seat.slot);
  }

  #permit(seat: Seat, place: number): Permit {
    let released = false;
    return {
      release: () => {
        if (released || this.#left) return;
        released = true;
        this.#held.delete(place);
        if (this.#promised > 0) this.#table.promise(seat, --this.#promised);
        this.#table.wantLess(seat, this.#target); // first, or it would be given the place again
        this.#table.free(place, seat);
        this.#serve(seat);
      },
    };
  }

  /** Stops the timer if no request waits. */
  #rest(): void {
    if (this.#waiting.size === 0) this.#timer.stop();
  }

  #look(): void {
    const seat = this.#seat!;
    this.#serve(seat); // a thread may have ended after it freed a place, before it gave it away
    if (this.#waiting.size === 0) return;
    this.#timer.start(EVERY, true);
    this.#ask(seat);
  }

  /** Wakes the members that may have idle objects, and looks for ended threads. */
  #ask(seat: Seat): void {
    sweep(this.#table);
    for (const member of this.#table.look().members) {
      if (member.held > 0 && member.slot !== seat.slot) this.#table.ring(member);
    }
  }

  #giveIdle(seat: Seat): void {
    while (this.#promise(seat, () => true)) {
      if (this.#client.available > 0 && this.#client.reclaim()) continue;
      if (this.#promised > 0) this.#table.promise(seat, --this.#promised);
      return;
    }
  }

  /** Promises an object to others if they wait for more than is promised, and if it `may`. */
  #promise(seat: Seat, may: (picture: Picture) => boolean): boolean {
    for (;;) {
      const { claims, sequence } = this.#table;
      const picture = this.#table.look();
      if (wantedBeside(picture, seat.slot) === 0) this.#quiet = sequence;
      if (unmet(picture, seat.slot) <= 0 || !may(picture)) return false;
      this.#table.promise(seat, ++this.#promised);
      if (this.#table.claim(claims)) return true;
      this.#table.promise(seat, --this.#promised); // another member has made a promise meanwhile
    }
  }

  #leave(): void {
    if (this.#left) return;
    this.#left = true;
    for (const { refuse } of this.#waiting) refuse(new PoolError("this member has left its quota"));
    this.#waiting.clear();
    this.#timer.stop();
    if (this.#seat === undefined) return;
    this.#table.leave(this.#seat);
    serve(this.#table);
  }
}

// Sync: sends a holder's state to the server, and renews its lease.

import { outside } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { after, Clock, Timer } from "../../pool/clock.ts";
import { reason } from "../../values.ts";
import { type Answer, argumentsOf, call } from "./call.ts";
import type { Driver } from "./driver.ts";
import type { Holder } from "./holder.ts";
import type { Settings } from "./options.ts";

/** Times in parts of a lease: three renewals may fail before its end. */
const RENEWED = 0.2;
const UNANSWERED = 0.2;
const TRIED_AGAIN = 0.05;
/** Counted from before the call that renewed it. The rest is the time to close objects. */
const UNCERTAIN = 0.75;

/** How long an unneeded place in the queue is kept, in ms: it may be needed soon. */
const KEPT = 50;

/** Why permits end: the server may give them to others. */
const LATE = "it could not be renewed in time";

/** The result of a call that took too long. */
const SILENT = Symbol();

/** The pools of the holder. */
interface Pools {
  /** How many objects could be closed at once. */
  idle(): number;
  /** The server has answered. */
  heard(): void;
}

/**
 * One call at a time, each with the state of that moment. Its timers do not keep the process alive.
 */
export class Sync {
  readonly #driver: Driver;
  readonly #holder: Holder;
  readonly #settings: Settings;
  readonly #pools: Pools;
  readonly #clock = new Clock();
  readonly #next = new Timer(this.#clock, () => void this.#send(this.#isRenewal));
  readonly #end = new Timer(this.#clock, () => this.check());
  readonly #later = new Timer(this.#clock, () => this.touch());
  #isRenewal = false;
  /** Until when all permits are certain, by the clock of this process. */
  #certain = -Infinity;
  /** Since when the server has not answered. */
  #down: number | undefined;
  /** When the server may be asked again. */
  #rested = 0;
  #isCalling = false;
  /** Whether there is a change that the server does not have. */
  #isDue = false;
  #settled: (() => void)[] = [];

  constructor(driver: Driver, holder: Holder, settings: Settings, pools: Pools) {
    this.#driver = driver;
    this.#holder = holder;
    this.#settings = settings;
    this.#pools = pools;
  }

  /** Sends the state at once, or after the running call; while the server is down, after a rest. */
  touch(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#isCalling) return;
    if (this.#down === undefined) outside(queueMicrotask, () => void this.#send(false));
    else this.#plan(this.#rested - this.#clock.awake(), false);
  }

  /** A request waits. */
  want(): void {
    if (this.#holder.wanted > this.#holder.told) this.touch();
    else this.#later.stop();
  }

  /**
   * A request was withdrawn. Later, because pools request and withdraw with each of their waiters.
   */
  wantLess(): void {
    if (this.#later.at === Infinity) this.#later.start(KEPT, false);
  }

  /** Ends all permits if they are no longer certain. Returns whether it did. */
  check(): boolean {
    if (!this.#isOver) return false;
    this.#lose(LATE);
    return true;
  }

  /** Why permits are no longer certain, if so: they end soon. */
  doubt(): Error | undefined {
    if (!this.#isOver) return undefined;
    outside(queueMicrotask, () => this.check());
    return this.#lost(LATE);
  }

  /** Takes the totals of a message. */
  hear(era: string, granted: number, asked: number): void {
    if (era !== this.#holder.era || this.check()) return;
    if (this.#certain === -Infinity) return this.touch(); // the answer that begins the lease is still missing
    if (this.#holder.hear(granted, asked)) this.touch();
    this.#pools.heard();
  }

  /** No pool is left. What could not be sent ends with the lease. */
  stop(): void {
    for (const timer of [this.#next, this.#end, this.#later]) timer.stop();
    this.#certain = -Infinity;
  }

  /** Resolves once the server has the state, or cannot be reached. */
  async flushed(): Promise<void> {
    if (!this.#isDue && !this.#isCalling) return;
    await new Promise<void>((resolve) => this.#settled.push(resolve));
  }

  get #isOver(): boolean {
    return this.#certain > -Infinity && this.#clock.awake() >= this.#certain;
  }

  #lost(why: string): Error {
    return new PoolError(`redisQuota ${this.#settings.key}: the lease was lost: ${why}`);
  }

  #lose(why: string): void {
    this.#certain = -Infinity;
    this.#end.stop();
    this.#holder.lose(this.#lost(why));
    if (this.#holder.isActive) this.touch();
  }

  async #send(isRenewal: boolean): Promise<void> {
    if (this.#isCalling) return;
    this.#isCalling = true;
    this.#isDue = false;
    this.#next.stop();
    this.#later.stop();
    const sent = this.#clock.awake();
    const { id } = this.#holder;
    try {
      const answer = await this.#ask(isRenewal);
      this.#down = undefined;
      if (id === this.#holder.id) this.#take(answer, sent);
    } catch (error) {
      this.#fail(error, sent);
    }
    this.#isCalling = false;
    if (this.#isDue) {
      this.#isDue = false;
      this.touch();
    } else {
      for (const resolve of this.#settled.splice(0)) resolve();
    }
  }

  /** A late answer is ignored; the next call sends the state again. */
  #ask(isRenewal: boolean): Promise<Answer> {
    const args = argumentsOf(this.#holder, this.#settings, this.#pools.idle(), isRenewal);
    const { key, lease } = this.#settings;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const stop = after(UNANSWERED * lease, false, () => {
        isLate = true;
        reject(SILENT);
      });
      call(this.#driver, key, args).then(resolve, reject).finally(() => {
        stop();
        if (isLate) this.touch();
      });
    });
  }

  #take(answer: Answer, sent: number): void {
    if (answer.kind === "lease") return this.#disagree(answer.lease);
    if (answer.kind === "gone") return this.#lose("the server had given its places to others");
    if (this.check()) return;
    if (answer.kind === "late") return this.touch();
    const holder = this.#holder;
    const { lease } = this.#settings;
    this.#certain = sent + UNCERTAIN * lease;
    holder.era = answer.era;
    if (answer.waiting === 0) holder.isAskedForIdle = false;
    if (holder.hear(answer.granted, answer.asked)) this.touch();
    if (this.check()) return;
    this.#pools.heard();
    if (!this.#isKnown) return this.#rest();
    const now = this.#clock.awake();
    this.#end.start(this.#certain - now, false);
    const renewal = sent + RENEWED * lease - now;
    const wake = holder.waiting.size > 0 ? answer.wake : Infinity;
    this.#plan(Math.min(renewal, wake), renewal <= wake);
  }

  /**
   * Whether the server keeps a lease for this state: then a granted permit is certain by that
   * lease.
   */
  get #isKnown(): boolean {
    const { isActive, told, granted } = this.#holder;
    return isActive || this.#isDue || told > granted;
  }

  /** No permits and no requests, as the server knows: no timer is needed. */
  #rest(): void {
    this.#certain = -Infinity;
    this.#end.stop();
  }

  #plan(delay: number, isRenewal: boolean): void {
    this.#isRenewal = isRenewal;
    this.#next.start(Math.max(0, delay), false);
  }

  #fail(error: unknown, sent: number): void {
    const { key, lease } = this.#settings;
    this.#holder.told = 0; // as far as is known
    this.#down ??= sent;
    const patience = UNANSWERED * lease;
    // A timer may fire a little early.
    if (error === SILENT || this.#clock.awake() - this.#down >= patience) {
      const why = error === SILENT ? `no answer within ${patience} ms` : reason(error);
      this.#holder.refuse(
        new PoolError(
          `redisQuota ${key}: Redis gives no permit: ${why}`,
          error === SILENT ? {} : { cause: error },
        ),
      );
    }
    this.#rested = this.#clock.awake() + TRIED_AGAIN * lease;
    const isNeeded = this.#holder.isActive || this.#clock.awake() < this.#certain;
    if (isNeeded) this.#plan(TRIED_AGAIN * lease, false);
  }

  #disagree(lease: number): void {
    const { key, lease: own } = this.#settings;
    this.#holder.refuse(
      new PoolError(
        `redisQuota ${key}: lease is ${own} ms here and ${lease} ms in other processes: ` +
          "give all the same lease",
      ),
    );
    if (this.#holder.permits.size > 0) this.#lose("other processes have another lease");
  }
}

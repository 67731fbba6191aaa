// Sync: has the server know what a holder holds and waits for, and keeps its lease.

import { outside } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { after, Clock, Timer } from "../../pool/clock.ts";
import { reason } from "../../values.ts";
import { type Answer, argumentsOf, call } from "./call.ts";
import type { Driver } from "./driver.ts";
import type { Holder } from "./holder.ts";
import type { Settings } from "./options.ts";

/** When things happen, in parts of a lease: three renewals may fail before its end. */
const RENEWED = 0.2;
const UNANSWERED = 0.2;
const TRIED_AGAIN = 0.05;
/** Counted from before the call that renewed it. The rest is for its objects to be closed. */
const UNCERTAIN = 0.75;

/** For how long a place in the queue is kept that nobody needs now, in ms: somebody may soon. */
const KEPT = 50;

/** Why permits end that the server may give to others. */
const LATE = "it could not be renewed in time";

/** How a call ended that took too long. */
const SILENT = Symbol();

/** What is asked of the pools of the holder, and told them. */
interface Pools {
  /** How many objects could be given back at once. */
  idle(): number;
  /** The server has said something. */
  heard(): void;
}

/** One call at a time, each with all that is so by then. Its timers keep no process alive. */
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
  /** Until when all permits are certain, by this process's own clock. */
  #certain = -Infinity;
  /** Since when the server has not answered. */
  #down: number | undefined;
  /** When it may be asked again. */
  #rested = 0;
  #isCalling = false;
  /** Something has changed that the server has not been told. */
  #isDue = false;
  #settled: (() => void)[] = [];

  constructor(driver: Driver, holder: Holder, settings: Settings, pools: Pools) {
    this.#driver = driver;
    this.#holder = holder;
    this.#settings = settings;
    this.#pools = pools;
  }

  /** The server is told at once, or as soon as it has answered; while it is down, after a rest. */
  touch(): void {
    if (this.#isDue) return;
    this.#isDue = true;
    if (this.#isCalling) return;
    if (this.#down === undefined) outside(queueMicrotask, () => void this.#send(false));
    else this.#plan(this.#rested - this.#clock.awake(), false);
  }

  /** Somebody waits. */
  want(): void {
    if (this.#holder.wanted > this.#holder.told) this.touch();
    else this.#later.stop();
  }

  /** Somebody does not wait any longer: pools ask, and ask no more, with each of their waiters. */
  wantLess(): void {
    if (this.#later.at === Infinity) this.#later.start(KEPT, false);
  }

  /** Ends all permits if they are no longer certain. Returns whether it did. */
  check(): boolean {
    if (!this.#isOver) return false;
    this.#lose(LATE);
    return true;
  }

  /** Why the permits are not certain any more, if they are not: they end soon. */
  doubt(): Error | undefined {
    if (!this.#isOver) return undefined;
    outside(queueMicrotask, () => this.check());
    return this.#lost(LATE);
  }

  /** The server said so in a message. */
  hear(era: string, granted: number, asked: number): void {
    if (era !== this.#holder.era || this.check()) return;
    if (this.#certain === -Infinity) return this.touch(); // the answer is on its way that begins the lease
    if (this.#holder.hear(granted, asked)) this.touch();
    this.#pools.heard();
  }

  /** No pool is left: what the server could not be told ends with the lease. */
  stop(): void {
    for (const timer of [this.#next, this.#end, this.#later]) timer.stop();
    this.#certain = -Infinity;
  }

  /** Resolves once the server has been told all, or cannot be. */
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

  /** What comes later than it may is not heard; what the server made of it, it is told again. */
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

  /** The server keeps a lease for what it was told; a permit that it grants is certain by that lease. */
  get #isKnown(): boolean {
    const { isActive, told, granted } = this.#holder;
    return isActive || this.#isDue || told > granted;
  }

  /** Nothing is held or waited for, as the server has it, too: no timer is needed. */
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

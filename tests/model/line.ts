// The line of those who ask for an object: the highest priority first, within one first come, first
// served.

import {
  LeaseError,
  PoolClosedError,
  PoolDeadlockError,
  PoolFullError,
  PoolOverloadError,
  PoolTimeoutError,
} from "../../mod.ts";
import type { Ask, Job, Kind } from "./job.ts";
import type { Making } from "./making.ts";
import { Nesting } from "./nesting.ts";
import { attemptOf } from "./rules.ts";
import { Shedding } from "./shedding.ts";

/** How many fresh objects in a row may be unfit before somebody is told. */
const UNFIT = 3;

/** Somebody was served, or told of a failure, before others whose turn it was. */
interface Overtaking {
  by: Ask;
  others: Ask[];
}

/** What somebody asks for. */
export interface Wanted {
  kind: Kind;
  timeout?: number | undefined;
  signal?: AbortSignal | undefined;
  priority?: number | undefined;
  label?: string | undefined;
  inside?: Ask | undefined;
}

export class Line {
  readonly asks: Ask[] = [];
  /** Calls of `get` and the like that have not returned yet, and how many of `tryGet`. */
  readonly calling: Ask[] = [];
  trying = 0;
  /** How many `use`s were aborted when they may have had their object already, unseen; and when last. */
  undelivered = 0;
  abortedIn = 0;
  /** Those whom a shutdown is to serve first. */
  readonly drained = new Set<Ask>();
  readonly shedding: Shedding;
  readonly nesting: Nesting;
  readonly #ledger: Making;
  #overtakings: Overtaking[] = [];

  constructor(ledger: Making) {
    this.#ledger = ledger;
    this.shedding = new Shedding(ledger, () => this.pending);
    this.nesting = new Nesting(ledger);
  }

  get pending(): Ask[] {
    return this.asks.filter(({ state }) => state === "pending");
  }

  ask({ kind, timeout, signal, priority = 0, label, inside }: Wanted): Ask {
    const ledger = this.#ledger;
    const { asks, calling, pending: { length: ahead } } = this;
    const patience = timeout ?? ledger.numbers.timeout;
    const deadline = patience > 0 ? Math.ceil(ledger.time.awake + patience) : Infinity;
    const within = [...calling];
    const ask: Ask = {
      ...{ id: asks.length, kind, priority, label, burst: ledger.burst, deadline, signal },
      at: ledger.time.awake,
      ...{ ahead, within, state: "pending", job: undefined, use: 0 },
      ...{
        inside,
        awaited: false,
        exact: ledger.quiet && ledger.calls.size === 0 && !this.#crowded,
      },
      ...{
        error: undefined,
        over: undefined,
        stopped: undefined,
        taken: undefined,
        heard: undefined,
        died: false,
        grace: undefined,
      },
    };
    if (ahead === 0) this.shedding.begin();
    this.shedding.ask(ahead);
    asks.push(ask);
    ledger.started ||= !ledger.ended && !signal?.aborted;
    return ask;
  }

  /** Whether others have asked since all was at rest, who may have been served unseen. */
  get #crowded(): boolean {
    return this.asks.at(-1)?.burst === this.#ledger.burst;
  }

  /** Calls the pool for `ask`. */
  call<R>(ask: Ask, call: () => R): R {
    this.calling.push(ask);
    try {
      return call();
    } finally {
      this.calling.pop();
    }
  }

  serve(ask: Ask, job: Job): void {
    const ledger = this.#ledger;
    this.#expectTurn(
      ask,
      (other) =>
        other.priority === ask.priority
          ? this.#isBefore(other, ask)
          : other.priority > ask.priority && (other.id < ask.id || other.burst < ledger.burst),
    );
    ledger.expect(ask.state === "pending", `ask ${ask.id}, ${ask.state}, gets ${job.thing}`);
    ask.state = "lent";
    ask.job = job;
    ask.use = job.uses;
    this.shedding.serve(ask);
    this.#left();
  }

  refuse(ask: Ask, error: unknown): void {
    const ledger = this.#ledger;
    ledger.note(`ask ${ask.id} fails: ${error}`);
    ledger.expect(ask.state === "pending", `ask ${ask.id}, ${ask.state}, fails`);
    ask.state = "refused";
    ask.error = error;
    ledger.counted.refused++;
    ledger.expect(this.#mayRefuse(ask, error), `ask ${ask.id} fails without a reason: ${error}`);
    this.#left();
  }

  /** Whether it is the turn of `other`, which has the same priority. */
  #isBefore(other: Ask, ask: Ask): boolean {
    const { maybe, sure } = this.shedding;
    if (!maybe) return other.id < ask.id;
    return sure && other.id > ask.id && other.burst < this.#ledger.burst;
  }

  /** One fewer waits: a shutdown that waited for that goes on. */
  #left(): void {
    if (this.pending.length === 0) this.#ledger.draining = false;
  }

  /** Its signal aborts: while it waits, or while its callback runs. */
  abort(ask: Ask): void {
    const { burst, time } = this.#ledger;
    if (ask.kind !== "use") return;
    if (ask.taken !== undefined) return; // it has ended
    if (ask.state === "lent") {
      ask.stopped ??= { at: time.awake, burst };
      ask.grace ??= time.awake;
      return;
    }
    if (ask.state !== "pending") return;
    this.abortedIn = burst;
    this.undelivered++;
  }

  /** It is shut down. */
  shutdown(drain: boolean): void {
    const ledger = this.#ledger;
    if (ledger.ended) return;
    ledger.ended = true;
    if (!drain) return;
    ledger.draining = this.pending.length > 0;
    for (const ask of this.pending) if (!this.calling.includes(ask)) this.drained.add(ask);
  }

  /** Everything is at rest: what came of those who were overtaken? */
  checkOrder(): void {
    for (const { by, others } of this.#overtakings) {
      // What an observer does while one is served may come to another one first.
      const { meddled } = this.#ledger;
      const passed = others.filter(({ state }) =>
        state === "pending" || state === "lent" && !meddled
      );
      const ids = passed.map(({ id }) => id).join(", ");
      this.#ledger.expect(passed.length === 0, `it is the turn of ${ids}, not of ask ${by.id}`);
    }
    this.#overtakings = [];
    const shed = this.shedding.settle();
    this.#ledger.expect(!shed, `ask ${shed?.id} has waited for over twice the target`);
    const stuck = this.nesting.settle();
    this.#ledger.expect(!stuck, stuck ?? "");
  }

  /** Whether `ready` may reject with that. */
  isOfMaking(error: unknown): boolean {
    const { hook = "" } = this.#ledger.errors.get(error) ?? {};
    return attemptOf(error) !== undefined || hook === "fun" || hook === "opener" ||
      isStillborn(error);
  }

  #mayRefuse(ask: Ask, error: unknown): boolean {
    const ledger = this.#ledger;
    const { numbers, ended, forced, burst, time } = ledger;
    const { signal } = ask;
    const text = String(error);
    if (signal?.aborted && error === signal.reason) return true;
    if (error instanceof PoolClosedError) return ended && (!this.drained.has(ask) || forced);
    if (error instanceof PoolFullError) {
      const ahead = Math.max(ask.ahead, this.pending.length);
      return numbers.maxWaiting > 0 && ahead >= numbers.maxWaiting && ask.burst === burst;
    }
    if (error instanceof LeaseError) return ask.kind === "use" && forced;
    if (error instanceof PoolTimeoutError && text.includes("no object within")) {
      return ask.deadline <= Math.ceil(time.awake) && this.#explains(ask, error);
    }
    if (error instanceof PoolOverloadError) {
      const { retryAfter, waited } = error;
      const right = Math.abs(waited - (time.awake - ask.at)) <= 1 &&
        retryAfter === Math.ceil(1.5 * numbers.queueInterval); // chance is 0.5
      return right && this.shedding.mayRefuse(ask);
    }
    if (error instanceof PoolDeadlockError) return this.nesting.mayRefuse(ask);
    if (isStillborn(error)) return this.#tellStillborn(ask);
    if (this.isOfMaking(error)) return this.#tell(ask, error);
    return this.#isUnfit(error);
  }

  /** A timeout says how many waited before, and tells of nested use if that is the fact. */
  #explains({ ahead, exact }: Ask, error: PoolTimeoutError): boolean {
    const { burst, numbers: { maxSize }, resizedIn, traceHolders } = this.#ledger;
    const { stuck } = this.nesting;
    const text = String(error);
    const nested = text.includes("is held by a use() in whose callback another get waits");
    if (nested && stuck === false || stuck && traceHolders === true && !nested) return false;
    // Others who are told may have called resize() since that was said.
    if (text.includes("all are held") && maxSize === 0 && resizedIn < burst) return false;
    return !exact || error.ahead === ahead;
  }

  /**
   * The failure of one attempt goes to the oldest of those who waited before, and to nobody else; that of
   * one that is to end an outage to all of them, if no object may come back.
   */
  #tell(ask: Ask, error: unknown): boolean {
    const { errors, failures } = this.#ledger;
    this.#expectOldest(ask);
    const n = attemptOf(error) ?? errors.get(error)!.n;
    const failure = failures.find(({ job }) => job.n === n);
    if (failure === undefined || ask.id >= failure.job.asks) return false;
    const { createRetry, lowest, retried } = this.#ledger;
    if (createRetry === true || retried.get(n)) return false;
    return ++failure.told === 1 || failure.job.probe !== false && lowest === 0;
  }

  /** That objects are obsolete when they are made is told after the third in a row. */
  #tellStillborn(ask: Ask): boolean {
    this.#expectOldest(ask);
    const births = this.#ledger.stillbirths.filter(({ job, third }) => third && ask.id < job.asks);
    const birth = births.find(({ third }) => third === "surely") ?? births[0];
    if (birth) birth.third = undefined;
    return birth !== undefined;
  }

  /** What hooks say is told after the third fresh object in a row. */
  #isUnfit(error: unknown): boolean {
    const { errors, numbers, unfit } = this.#ledger;
    const text = String(error);
    const known = text.includes("reach maxLifetime")
      ? numbers.maxLifetime > 0
      : errors.has(error) || /(getter|health) (took longer|returned)/.test(text);
    const enough = unfit.row >= UNFIT;
    unfit.row -= UNFIT;
    unfit.burst = Math.max(0, unfit.burst - UNFIT);
    return known && enough;
  }

  #expectOldest(ask: Ask): void {
    this.#expectTurn(ask, (other) => other.id < ask.id);
  }

  /** Nobody waits who is `before`. */
  #expectTurn(by: Ask, before: (other: Ask) => boolean): void {
    const { burst } = this.#ledger;
    // What is lent at once is seen at once by a `use`, and a moment later by a `get`.
    const since = this.calling.includes(by) ? burst : Infinity;
    const others = this.pending.filter((ask) =>
      before(ask) && ask.burst < since && !by.within.includes(ask)
    );
    if (others.length > 0) this.#overtakings.push({ by, others });
  }
}

function isStillborn(error: unknown): boolean {
  return String(error).includes("new objects in a row obsolete");
}

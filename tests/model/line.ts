// The line of those who ask for an object: first come, first served.

import { LeaseError, PoolClosedError, PoolFullError, PoolTimeoutError } from "../../mod.ts";
import type { Ask, Job } from "./job.ts";
import type { Ledger } from "./ledger.ts";
import { attemptOf } from "./rules.ts";

/** Somebody was served before others who had come earlier, of whom `allowed` may have had their turn. */
interface Overtaking {
  by: Ask;
  older: Ask[];
  allowed: number;
}

export class Line {
  readonly asks: Ask[] = [];
  /** Calls of `get` and `use` that have not returned yet, and how many of `tryGet`. */
  readonly calling: Ask[] = [];
  trying = 0;
  /** How many `use`s were aborted when they may have had their object already, unseen; and when last. */
  undelivered = 0;
  abortedIn = 0;
  readonly #ledger: Ledger;
  #overtakings: Overtaking[] = [];

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get pending(): Ask[] {
    return this.asks.filter(({ state }) => state === "pending");
  }

  ask(use: boolean, timeout = this.#ledger.numbers.timeout, signal?: AbortSignal): Ask {
    const ledger = this.#ledger;
    const { asks, calling, pending: { length: ahead } } = this;
    const deadline = timeout > 0 ? Math.ceil(ledger.time.awake + timeout) : Infinity;
    const ask: Ask = {
      ...{
        id: asks.length,
        use,
        burst: ledger.burst,
        deadline,
        signal,
        ahead,
        within: [...calling],
      },
      ...{ error: undefined, state: "pending", job: undefined },
    };
    asks.push(ask);
    ledger.started ||= !ledger.ended && !signal?.aborted;
    return ask;
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
    this.#expectFirst(ask, job);
    this.#ledger.expect(ask.state === "pending", `ask ${ask.id}, ${ask.state}, gets ${job.thing}`);
    ask.state = "lent";
    ask.job = job;
  }

  refuse(ask: Ask, error: unknown): void {
    const ledger = this.#ledger;
    ledger.note(`ask ${ask.id} fails: ${error}`);
    ledger.expect(ask.state === "pending", `ask ${ask.id}, ${ask.state}, fails`);
    ask.state = "refused";
    ledger.counted.refused++;
    ledger.expect(this.#mayRefuse(ask, error), `ask ${ask.id} fails without a reason: ${error}`);
  }

  abort(ask: Ask): void {
    if (!ask.use || ask.state !== "pending") return;
    this.abortedIn = this.#ledger.burst;
    this.undelivered++;
  }

  /** Everything is at rest: what came of those who were overtaken? */
  checkOrder(): void {
    for (const { by, older, allowed } of this.#overtakings) {
      const passed = older.filter(({ state }) => state !== "refused");
      const ids = passed.map(({ id }) => id).join(", ");
      this.#ledger.expect(passed.length <= allowed, `ask ${by.id} is served before ${ids}`);
    }
    this.#overtakings = [];
  }

  /** Whether `ready` may reject with that. */
  isOfMaking(error: unknown): boolean {
    const { hook = "" } = this.#ledger.errors.get(error) ?? {};
    return attemptOf(error) !== undefined || hook === "fun" || hook === "opener";
  }

  #mayRefuse(ask: Ask, error: unknown): boolean {
    const { numbers, ended, forced, burst, time } = this.#ledger;
    const { signal } = ask;
    const text = String(error);
    if (signal?.aborted && error === signal.reason) return true;
    if (error instanceof PoolClosedError) return ended;
    if (error instanceof PoolFullError) {
      const ahead = Math.max(ask.ahead, this.pending.length);
      return numbers.maxWaiting > 0 && ahead >= numbers.maxWaiting && ask.burst === burst;
    }
    if (error instanceof LeaseError) return ask.use && forced;
    if (error instanceof PoolTimeoutError && text.includes("no object within")) {
      return ask.deadline <= Math.ceil(time.awake);
    }
    if (this.isOfMaking(error)) return this.#tell(ask, error);
    if (text.includes("reach maxLifetime")) return numbers.maxLifetime > 0;
    return this.#ledger.errors.has(error) || /(getter|health) (took longer|says)/.test(text);
  }

  /** The failure of one attempt goes to the oldest, and to nobody else. */
  #tell(ask: Ask, error: unknown): boolean {
    const { errors, failures } = this.#ledger;
    this.#expectFirst(ask, undefined);
    const n = attemptOf(error) ?? errors.get(error)!.n;
    const failure = failures.find((one) => one.n === n);
    return failure !== undefined && ++failure.told === 1;
  }

  /** Nobody who came before is still waiting, but those for whom a hook looks at an object. */
  #expectFirst(by: Ask, job: Job | undefined): void {
    const { looked, burst } = this.#ledger;
    // What is lent at once is seen at once by a `use`, and a moment later by a `get`.
    const since = this.calling.includes(by) ? burst : Infinity;
    const older = this.pending.filter((ask) =>
      ask.id < by.id && ask.burst < since && !by.within.includes(ask)
    );
    const others = looked.size - (job && looked.has(job) ? 1 : 0);
    const allowed = Math.max(others, job?.taken === undefined ? 0 : job.rivals);
    if (older.length > allowed) this.#overtakings.push({ by, older, allowed });
  }
}

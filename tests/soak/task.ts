// A task of a soak: asks for things again and again, and does with them whatever borrowers do.

import {
  type GetOptions,
  type Lease,
  LeaseError,
  Pool,
  PoolError,
  PoolFullError,
  PoolTimeoutError,
} from "../../mod.ts";
import type { Chance } from "./chance.ts";
import { Fault, LIMITS } from "./faults.ts";
import type { Ledger, Thing } from "./ledger.ts";
import { sleep } from "../helpers/until.ts";

const WAYS = { get: 650, use: 300, tryGet: 50 };
const ENDS = { ret: 500, dispose: 400, twice: 20, discard: 4, detach: 2, forget: 1 };

/** How somebody asks. */
interface Asking {
  options: GetOptions | undefined;
  /** Nobody aborts any more. */
  done(): void;
}

export class Task {
  readonly #id: number;
  readonly #pool: Pool<Thing>;
  readonly #ledger: Ledger;
  readonly #chance: Chance;

  constructor(id: number, pool: Pool<Thing>, ledger: Ledger, chance: Chance) {
    this.#id = id;
    this.#pool = pool;
    this.#ledger = ledger;
    this.#chance = chance;
  }

  /** One request. */
  visit(): Promise<void> {
    const way = this.#chance.pick(WAYS);
    if (way === "tryGet") return this.#tryGet();
    this.#ledger.totals.asked++;
    return way === "get" ? this.#get() : this.#use();
  }

  async #get(): Promise<void> {
    const { options, done } = this.#asking();
    let lease: Lease<Thing>;
    try {
      lease = await this.#pool.get(options);
    } catch (error) {
      return await this.#refused(error, options?.signal);
    } finally {
      done();
    }
    await this.#borrow(lease);
  }

  async #tryGet(): Promise<void> {
    const lease = this.#pool.tryGet();
    if (lease === undefined) return await sleep(1 + this.#chance.below(20));
    this.#ledger.totals.asked++;
    await this.#borrow(lease);
  }

  async #borrow(lease: Lease<Thing>): Promise<void> {
    const thing = Pool.unwrap(lease);
    this.#ledger.lend(thing, this.#id);
    await this.#hold();
    const end = this.#chance.pick(ENDS);
    if (end === "forget") this.#ledger.forget(thing);
    else if (this.#ledger.giveBack(thing, this.#id)) await this.#end(end, lease, thing);
    else await this.#tooLate(lease);
  }

  async #end(
    end: Exclude<keyof typeof ENDS, "forget">,
    lease: Lease<Thing>,
    thing: Thing,
  ): Promise<void> {
    const pool = this.#pool;
    if (end === "dispose") return lease[Symbol.dispose]();
    if (end === "discard") return await pool.discard(lease);
    if (end === "ret") return await pool.ret(lease);
    if (end === "detach") {
      this.#ledger.detach(thing);
      const object = pool.detach(lease);
      return this.#ledger.expect(object === thing, () => `detach of ${thing} gives ${object}`);
    }
    const first = pool.ret(lease);
    this.#ledger.totals.doubleReturns++;
    await Promise.all([first, pool.ret(lease)]);
  }

  /** The lease of what was taken away is dead, and giving that back is counted. */
  async #tooLate(lease: Lease<Thing>): Promise<void> {
    let error: unknown;
    try {
      void lease.n;
    } catch (thrown) {
      error = thrown;
    }
    this.#ledger.expect(error instanceof LeaseError, () => `a lease taken away: ${error}`);
    this.#ledger.totals.doubleReturns++;
    await this.#pool.ret(lease);
  }

  async #use(): Promise<void> {
    const { options, done } = this.#asking();
    let fault: Fault | undefined;
    let called = false;
    const work = async (thing: Thing): Promise<number> => {
      called = true;
      this.#ledger.lend(thing, this.#id);
      await this.#hold();
      this.#ledger.giveBack(thing, this.#id);
      if (this.#chance.mille(10)) throw fault = new Fault("use");
      return thing.n;
    };
    const watching = this.#chance.mille(500);
    try {
      await this.#pool.use(
        watching ? (thing, { signal }) => (void signal.aborted, work(thing)) : work,
        options,
      );
      this.#ledger.expect(fault === undefined, () => "use resolves, and its callback failed");
    } catch (error) {
      if (!called) return await this.#refused(error, options?.signal);
      const cutOff = options?.signal?.aborted && error === options.signal.reason;
      const known = cutOff || error === fault || error instanceof LeaseError; // it was killed
      this.#ledger.expect(known, () => `use fails with ${error}, not ${fault}`);
    } finally {
      done();
    }
  }

  #asking(): Asking {
    const chance = this.#chance;
    if (chance.mille(50)) return { options: { timeout: 1 + chance.below(300) }, done() {} };
    if (!chance.mille(150)) return { options: undefined, done() {} };
    const aborting = new AbortController();
    const abort = () => aborting.abort(new Fault("abort"));
    const options = { signal: aborting.signal };
    if (chance.mille(100)) abort();
    if (chance.mille(200)) void Promise.resolve().then(abort);
    if (chance.mille(500)) return { options, done: () => {} };
    const timer = setTimeout(abort, chance.below(300));
    return { options, done: () => clearTimeout(timer) };
  }

  /** Works, for some turns or some ms; now and then until it is taken away. */
  async #hold(): Promise<void> {
    const { maxUsingDelayKill, hkDelay } = LIMITS;
    const chance = this.#chance;
    if (chance.mille(1) && chance.mille(300)) await sleep(maxUsingDelayKill + 3 * hkDelay);
    else if (chance.mille(20)) await sleep(1 + chance.below(4));
    else for (let turns = chance.below(4); turns > 0; turns--) await null;
  }

  async #refused(error: unknown, signal: AbortSignal | undefined): Promise<void> {
    const { counted } = this.#ledger;
    if (signal?.aborted && error === signal.reason) counted.aborted++;
    else if (error instanceof PoolTimeoutError) counted.late++;
    else if (error instanceof PoolFullError) counted.full++;
    else {
      counted.failed++;
      const known = error instanceof Fault ||
        error instanceof PoolError && /health/.test(`${error}`);
      this.#ledger.expect(known, () => `a get fails with ${error}`);
    }
    // Who comes again at once only finds the same.
    if (!signal?.aborted) await sleep(1 + this.#chance.below(50));
  }
}

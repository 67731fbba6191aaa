// The hooks of a soak's pool: mostly fine, sometimes slow, failing or hanging.

import type { PoolOptions } from "../../mod.ts";
import type { Chance } from "./chance.ts";
import type { Ledger, Place, Thing } from "./ledger.ts";
import { sleep } from "../helpers/until.ts";

/** What a hook, or a borrower, fails with. */
export class Fault extends Error {
  override readonly name = "Fault";
}

/** How likely a call comes to which end. */
const ENDS = { ok: 700, soon: 280, later: 12, fail: 3, failSoon: 3, hang: 1, late: 1 };
/** An object that cannot be closed is no use to anybody: these are rarer, and so may fail more often. */
const RARE = { ok: 300, soon: 300, later: 300, fail: 30, failSoon: 40, hang: 15, late: 15 };

/** In ms: what a creation, a hook and a closer may take. */
const LIMIT = 60;

/** Every limit is in force. */
export const LIMITS = {
  minSize: 4,
  maxSize: 40,
  timeout: 20_000,
  maxUse: 100,
  maxLifetime: 300,
  lifetimeJitter: 0.5,
  maxAvailDelay: 100,
  maxUsingDelay: 100,
  maxUsingDelayKill: 300,
  hkDelay: 40,
  healthFreq: 2,
  healthAfter: 1,
  createTimeout: LIMIT,
  hookTimeout: LIMIT,
  closeTimeout: LIMIT,
} as const;

/** The hooks that there are, with their faults. */
export class Faults {
  readonly #chance: Chance;
  readonly #ledger: Ledger;
  /** From now on all goes well. */
  over = false;

  constructor(chance: Chance, ledger: Ledger) {
    this.#chance = chance;
    this.#ledger = ledger;
  }

  readonly fun = (n: number, { signal }: { signal: AbortSignal }): Thing | Promise<Thing> => {
    const place = this.#ledger.enter();
    signal.addEventListener("abort", () => place.free()); // given up: it does not count any more
    return this.#during(place, () => {
      const work = this.#play("fun", RARE);
      const make = () => this.#ledger.made(n, place);
      return work === undefined ? make() : work.then(make);
    });
  };

  options(): PoolOptions<Thing> {
    const play = (name: string) => () => this.#play(name, ENDS);
    const told = (name: string) => (thing: Thing) => {
      if (this.#chance.mille(5)) throw new Fault(name);
      return String(thing);
    };
    const log = () => {
      if (this.#chance.mille(1)) throw new Fault("logger");
    };
    return {
      ...LIMITS,
      opener: () => this.#play("opener", RARE),
      getter: (thing) => {
        thing.greeted = performance.now();
        return this.#play("getter", ENDS);
      },
      retter: play("retter"),
      health: () => this.#health(),
      closer: (thing) => this.#close(thing),
      discardOnError: () => this.#chance.mille(500),
      stats: told("stats"),
      tracer: told("tracer"),
      logLevel: "debug",
      logger: { debug: log, info: log, warn: log, error: log },
    };
  }

  #health(): boolean | Promise<boolean> {
    const good = () => this.over || !this.#chance.mille(20);
    const work = this.#play("health", ENDS);
    return work === undefined ? good() : work.then(good);
  }

  #close(thing: Thing): void | Promise<void> {
    this.#ledger.closing(thing);
    const { place } = thing;
    return this.#during(place, () => {
      const work = this.#play("closer", RARE);
      if (work === undefined) return place.free();
      // Started before the pool's own: from then on the pool does not count it any more.
      const timer = setTimeout(() => place.free(), LIMIT);
      return work.then(() => {
        clearTimeout(timer);
        place.free();
      });
    });
  }

  /** Frees `place` if `work` fails, at once or later. */
  #during<R>(place: Place, work: () => R | Promise<R>): R | Promise<R> {
    const fail = (error: unknown): never => {
      place.free();
      throw error;
    };
    try {
      const result = work();
      return result instanceof Promise ? result.catch(fail) : result;
    } catch (error) {
      return fail(error);
    }
  }

  /** How one call goes. */
  #play(name: string, ends: typeof ENDS): undefined | Promise<void> {
    const end = this.over ? "ok" : this.#chance.pick(ends);
    if (end === "ok") return undefined;
    if (end === "fail") throw new Fault(name);
    if (end === "failSoon") return Promise.reject(new Fault(name));
    if (end === "hang") return new Promise(() => {});
    if (end === "soon") return Promise.resolve();
    return sleep(end === "late" ? LIMIT + this.#chance.below(40) : 1 + this.#chance.below(3));
  }
}

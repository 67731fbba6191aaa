// Leasing: ours beside the least that a pool with leases can cost, which is the limit and bare proxies.

import { type Competitor, OBJECTS, warmedUp } from "./competitor.ts";
import { Ring } from "./ring.ts";
import { crowd, turns } from "./lending.ts";
import { ours } from "./ours.ts";
import type { Row } from "./row.ts";
import { Thing } from "./thing.ts";

/** It ends with its lending, and does for our three kinds of work what a lease does, no more. */
class BareLease {
  #thing: Thing | undefined;
  readonly #giveBack: (thing: Thing) => void;

  constructor(thing: Thing, giveBack: (thing: Thing) => void) {
    this.#thing = thing;
    this.#giveBack = giveBack;
  }

  get(_target: object, key: PropertyKey): unknown {
    if (key === "then") return undefined;
    return key === Symbol.asyncDispose ? disposer(this) : caller(this, key);
  }

  static call(lease: BareLease, key: PropertyKey, args: unknown[]): unknown {
    const thing = lease.#thing as unknown as Record<PropertyKey, (...args: unknown[]) => unknown>;
    return Reflect.apply(thing[key]!, thing, args);
  }

  static dispose(lease: BareLease): Promise<void> {
    const thing = lease.#thing!;
    lease.#thing = undefined;
    lease.#giveBack(thing);
    return DONE;
  }
}

const DONE = Promise.resolve();
const disposer = (lease: BareLease) => () => BareLease.dispose(lease);
const caller = (lease: BareLease, key: PropertyKey) => (...args: unknown[]) =>
  BareLease.call(lease, key, args);

type Lease = Thing & { [Symbol.asyncDispose](): Promise<void> };

/** As `limit.ts`, each thing behind a proxy of its own. */
function leasing(): Promise<Competitor> {
  const things = Array.from({ length: OBJECTS }, () => new Thing());
  const waiters = new Ring<(lease: Lease) => void>();
  const lease = (thing: Thing): Lease => {
    const handler = new BareLease(thing, giveBack);
    return new Proxy(handler, handler) as unknown as Lease;
  };
  const giveBack = (thing: Thing): void => {
    const waiter = waiters.shift();
    if (waiter === undefined) things.push(thing);
    else waiter(lease(thing));
  };
  const get = (): Promise<Lease> => {
    if (things.length > 0) return Promise.resolve(lease(things.pop()!));
    return new Promise((resolve) => waiters.push(resolve));
  };
  return warmedUp({
    get,
    ret: (thing) => (thing as Lease)[Symbol.asyncDispose](),
    async turns(times) {
      for (; times > 0; times--) {
        const thing = await get();
        thing.touch();
        await thing[Symbol.asyncDispose]();
      }
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) {
        const thing = await get();
        await null;
        thing.touch();
        await thing[Symbol.asyncDispose]();
      }
    },
  });
}

/** Not among the usual parts: it explains them. */
export async function* leased(): AsyncGenerator<Row> {
  const entries = { limit: leasing, ours };
  const rows = [
    await turns(entries),
    await crowd(100, 40, entries),
    await crowd(10_000, 9, entries),
  ];
  for (const { work, unit, values } of rows) {
    yield { work: `${work}; limit: with bare leases`, unit, values };
  }
}

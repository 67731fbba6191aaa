// What a run starts from: the options of its pool, and what each call of a hook is to do.

import * as fc from "fast-check";
import type { LogLevel } from "../../mod.ts";

export const NAMES = [
  ...["maxSize", "minSize", "maxWaiting", "timeout", "createTimeout", "hookTimeout"] as const,
  ...["closeTimeout", "maxUse", "maxLifetime", "lifetimeJitter", "maxAvailDelay"] as const,
  ...["maxUsingDelay", "maxUsingDelayKill", "hkDelay", "healthFreq", "healthAfter"] as const,
  ...["abortGrace", "createBackoff", "maxCreating", "minAvailable"] as const,
  ...["queueTarget", "queueInterval"] as const,
];

/** The options that are numbers, all of them given; -1: not given after all. */
export type Numbers = Record<typeof NAMES[number], number>;

export const HOOKS = ["opener", "getter", "retter", "health", "stats", "tracer"] as const;

export interface Setup {
  numbers: Numbers;
  /** Those that the pool has, besides `closer`. */
  hooks: typeof HOOKS[number][];
  /** Whether a `use` that fails spoils its object: `ask`s a predicate; undefined: not given. */
  discardOnError: boolean | "ask" | undefined;
  /** Whether a failed attempt to make an object is tried again: `ask`s a predicate. */
  createRetry: boolean | "ask";
  idleOrder: "lifo" | "fifo";
  /** How many permits its quota has; 0: it has none. */
  quota: number;
  /** Whether there is an observer. */
  observed: boolean;
  traceHolders: boolean | "auto";
  logLevel: LogLevel;
  /** Whether a shutdown runs out of time before all that hangs is released. */
  forced: boolean;
}

/** Mostly the first of `values`, which is what shrinking leads to. */
function mostly<V>(...values: [V, ...V[]]): fc.Arbitrary<V> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant(values[0]) },
    { weight: 1, arbitrary: fc.constantFrom(...values) },
  );
}

const numbers: fc.Arbitrary<Numbers> = fc.record({
  maxSize: fc.constantFrom(1, 2, 3, 0),
  minSize: mostly(0, 1, 2),
  maxWaiting: mostly(0, 1, 2),
  timeout: mostly(0, 30, 120),
  createTimeout: mostly(0, 20, 200),
  hookTimeout: mostly(5_000, 25, 90, 0),
  closeTimeout: mostly(5_000, 35, 110, 0),
  abortGrace: mostly(1_000, 0, 45),
  maxUse: mostly(0, 1, 2),
  createBackoff: fc.constantFrom(0, 60, 5_000),
  maxCreating: mostly(0, 1, 2),
  minAvailable: mostly(0, 1, 2),
  queueTarget: mostly(0, 20, 60),
  queueInterval: fc.constantFrom(30, 60, 300),
  maxLifetime: mostly(0, 150, 1000),
  lifetimeJitter: mostly(0, 0.1, 1),
  maxAvailDelay: mostly(0, 60, 400),
  maxUsingDelay: mostly(0, 40),
  maxUsingDelayKill: mostly(0, 70, 300),
  hkDelay: mostly(0, 15, 100),
  healthFreq: mostly(1, 2),
  healthAfter: fc.constantFrom(-1, 0, 50), // what befalls a check is worth many runs
});

/** Options that fit each other. */
function fitting(setup: Setup): Setup {
  const { numbers, hooks, quota } = setup;
  const { maxSize, minSize, maxLifetime, lifetimeJitter, healthAfter, healthFreq } = numbers;
  const { queueInterval } = numbers;
  const queueTarget = quota > 0 ? 0 : numbers.queueTarget;
  return {
    ...setup,
    numbers: {
      ...numbers,
      minSize: maxSize > 0 ? Math.min(minSize, maxSize) : minSize,
      healthAfter: hooks.includes("health") ? healthAfter : -1,
      healthFreq: hooks.includes("health") ? healthFreq : -1,
      lifetimeJitter: maxLifetime > 0 ? lifetimeJitter : 0,
      queueTarget,
      queueInterval: queueTarget > 0 ? queueInterval : -1,
    },
  };
}

/** Nothing takes objects away. */
const UNLIMITED = { maxUse: 0, maxUsingDelayKill: 0, maxLifetime: 0 };

/** What some runs are about, which others come to but rarely. */
const FOCUSES: Record<string, (setup: Setup) => Setup> = {
  "all": (setup) => setup,
  "nested use": ({ numbers, ...setup }) => ({
    ...setup,
    traceHolders: setup.traceHolders === "auto" ? "auto" : true,
    quota: 0,
    numbers: { ...numbers, ...UNLIMITED, maxSize: numbers.maxSize || 1, timeout: 0 },
  }),
  "overload": ({ numbers, ...setup }) => ({
    ...setup,
    quota: 0,
    numbers: {
      ...numbers,
      maxSize: 1,
      timeout: 0,
      maxWaiting: 0,
      queueTarget: 60,
      queueInterval: 30,
    },
  }),
  "quota": ({ numbers, quota, ...setup }) => ({
    ...setup,
    quota: quota || 2,
    numbers: { ...numbers, timeout: 0 },
  }),
  "replacement": ({ numbers, ...setup }) => ({
    ...setup,
    numbers: { ...numbers, ...UNLIMITED, minSize: 2, maxSize: 2, maxLifetime: 150 },
  }),
};

const plain: fc.Arbitrary<Setup> = fc.record({
  numbers,
  hooks: fc.subarray([...HOOKS]),
  discardOnError: fc.constantFrom(undefined, false, true, "ask" as const),
  createRetry: mostly<boolean | "ask">(false, true, "ask"),
  idleOrder: mostly<"lifo" | "fifo">("lifo", "fifo"),
  quota: fc.constantFrom(0, 0, 0, 1, 2, 9),
  observed: fc.boolean(),
  traceHolders: fc.constantFrom("auto" as const, false, true),
  logLevel: fc.constantFrom<LogLevel[]>("silent", "debug", "warn"),
  forced: fc.boolean(),
});

export const setups: fc.Arbitrary<Setup> = fc.tuple(
  plain,
  fc.oneof(
    { weight: 6, arbitrary: fc.constant("all") },
    { weight: 2, arbitrary: fc.constant("nested use") },
    { weight: 2, arbitrary: fc.constantFrom(...Object.keys(FOCUSES)) },
  ),
).map(([setup, focus]) => fitting(FOCUSES[focus]!(setup)));

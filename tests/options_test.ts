// Every option of a pool is checked in the constructor: what is wrong, and what would be right.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";
import { Recorder } from "./helpers/recorder.ts";

const COUNTS = [
  "maxSize",
  "minSize",
  "minAvailable",
  "maxCreating",
  "maxWaiting",
  "maxUse",
  "healthFreq",
];
const DELAYS = [
  "timeout",
  "maxAvailDelay",
  "maxUsingDelay",
  "maxUsingDelayKill",
  "hkDelay",
  "maxLifetime",
  "createTimeout",
  "createBackoff",
  "queueTarget",
  "queueInterval",
  "hookTimeout",
  "closeTimeout",
  "abortGrace",
  "healthAfter",
];
const HOOKS = ["opener", "getter", "retter", "closer", "health", "stats", "tracer"];
const LEVELS = ["debug", "info", "warn", "error", "silent"];
const METHODS = ["debug", "info", "warn", "error"];

/** Makes a pool of what a user who has no types might pass. */
function make(options: unknown): Pool<object> {
  return new Pool(() => ({}), options as PoolOptions<object>);
}

/** An option alone, but for what it cannot do without. */
function only(name: string, value: unknown): Record<string, unknown> {
  const needs: Record<string, object> = {
    healthAfter: { health: () => true },
    queueInterval: { queueTarget: 100 },
  };
  return { ...needs[name], [name]: value };
}

/** The message of the error that a wrong option must be; it names the option and all of `parts`. */
function refused(
  options: unknown,
  kind: typeof TypeError | typeof RangeError,
  ...parts: string[]
): string {
  const { message } = assertThrows(() => make(options), kind);
  for (const part of parts) assert(message.includes(part), `${part} is not in: ${message}`);
  return message;
}

const NO_NUMBERS: [unknown, string][] = [
  ["10", '"10"'],
  ["", '""'],
  [true, "true"],
  [null, "null"],
  [10n, "10n"],
  [{}, "object"],
  [[5], "array"],
  [() => 5, "function"],
  [{ valueOf: () => 5 }, "object"],
  [Symbol("five"), "Symbol(five)"],
];

describe("a number option", () => {
  for (const name of [...COUNTS, ...DELAYS]) {
    it(`${name} is refused if negative, not finite or no integer`, () => {
      for (const value of [-1, -0.5, NaN, Infinity, -Infinity, 1.5, 1e-9]) {
        refused(only(name, value), RangeError, name, `${value}`, "integer");
      }
    });

    it(`${name} is refused if it is no number`, () => {
      for (const [value, shown] of NO_NUMBERS) {
        refused(only(name, value), TypeError, name, shown, "integer");
      }
    });
  }

  for (const name of DELAYS) {
    it(`${name} is refused over 2³¹ − 1 ms, which timers would take for 1 ms`, () => {
      for (const value of [2 ** 31, 1e10, Number.MAX_SAFE_INTEGER]) {
        refused(only(name, value), RangeError, name, `${value}`, `${2 ** 31 - 1}`);
      }
      assertEquals(make(only(name, 2 ** 31 - 1)).stats().config[name], 2 ** 31 - 1);
    });
  }

  it("a count may be over 2³¹ − 1: it is no delay", () => {
    assertEquals(make({ maxSize: 2 ** 32 }).stats().config.maxSize, 2 ** 32);
  });

  it("a count over what numbers can count is refused, with that bound", () => {
    refused({ maxSize: 2 ** 53 }, RangeError, "0 to 9007199254740991", "got 9007199254740992");
    refused({ healthFreq: 2 ** 53 }, RangeError, "1 to 9007199254740991");
    const message = refused({ maxSize: -1 }, RangeError, "0 or more, got -1");
    assert(!message.includes("9007199254740991"), message);
  });

  it("Infinity is refused, with what means unlimited, where 0 does", () => {
    for (const name of [...COUNTS, ...DELAYS]) {
      const message = refused(only(name, Infinity), RangeError);
      const isLimit = /^max|timeout$/i.test(name);
      assertEquals(message.includes("(0: unlimited)"), isLimit, message);
    }
  });

  it("lifetimeJitter may be a fraction, but not negative, infinite or over 1", () => {
    for (const value of [0, 0.25, 1]) {
      assertEquals(
        make({ lifetimeJitter: value, maxLifetime: 9 }).stats().config.lifetimeJitter,
        value,
      );
    }
    for (const value of [-0.1, 1.5, NaN, Infinity]) {
      refused({ lifetimeJitter: value }, RangeError, "lifetimeJitter", `${value}`, "0 to 1");
    }
    refused({ lifetimeJitter: "0.1" }, TypeError, "lifetimeJitter", '"0.1"');
    refused({ lifetimeJitter: null }, TypeError, "lifetimeJitter", "null");
  });
});

describe("options that go together", () => {
  it("minSize over maxSize is refused, with both values and a way out", () => {
    const message = refused({ minSize: 5, maxSize: 3 }, RangeError, "minSize", "5", "maxSize", "3");
    assert(/lower|raise|0: unlimited/.test(message), message);
  });

  it("minSize goes with an equal maxSize, and with an unlimited one", () => {
    assertEquals(make({ minSize: 3, maxSize: 3 }).stats().config.minSize, 3);
    assertEquals(make({ minSize: 3, maxSize: 0 }).stats().config.minSize, 3);
    assertEquals(make({ minSize: 3 }).stats().config.minSize, 3);
  });

  it("maxUsingDelay over maxUsingDelayKill is refused, with both values", () => {
    const options = { maxUsingDelay: 500, maxUsingDelayKill: 300 };
    refused(options, RangeError, "maxUsingDelay", "500", "maxUsingDelayKill", "300");
  });

  it("maxUsingDelay goes with an equal maxUsingDelayKill, and with none", () => {
    make({ maxUsingDelay: 300, maxUsingDelayKill: 300 });
    make({ maxUsingDelay: 300, maxUsingDelayKill: 0 });
    make({ maxUsingDelayKill: 300 });
  });
});

describe("queueInterval", () => {
  it("is refused without queueTarget, which it says how long to measure", () => {
    for (const options of [{ queueInterval: 500 }, { queueInterval: 250, queueTarget: 0 }]) {
      const value = `${options.queueInterval}`;
      refused(options, TypeError, "queueInterval", value, "queueTarget", "leave it out");
    }
    make({ queueInterval: undefined });
    make({ queueTarget: 100 });
    const { config } = make({ queueTarget: 100, queueInterval: 250 }).stats();
    assertEquals([config.queueTarget, config.queueInterval], [100, 250]);
  });
});

describe("a hook", () => {
  for (const name of HOOKS) {
    it(`${name} is refused if it is no function`, () => {
      const values: [unknown, string][] = [
        ["close", '"close"'],
        [null, "null"],
        [5, "5"],
        [true, "true"],
        [{ call() {} }, "object"],
        [[() => {}], "array"],
      ];
      for (const [value, shown] of values) {
        refused({ [name]: value }, TypeError, name, shown, "function");
      }
    });
  }

  for (const name of ["discardOnError", "createRetry"]) {
    it(`${name} is true, false or a function, and nothing else`, () => {
      for (const value of [true, false, () => true]) {
        assertEquals(make({ [name]: value }).stats().config[name], value !== false);
      }
      for (const [value, shown] of [["yes", '"yes"'], [1, "1"], [null, "null"], [{}, "object"]]) {
        refused({ [name]: value }, TypeError, name, shown as string, "function");
      }
    });
  }

  it("idleOrder is lifo or fifo, and nothing else", () => {
    for (const idleOrder of ["lifo", "fifo"]) {
      assertEquals(make({ idleOrder }).stats().config.idleOrder, idleOrder);
    }
    const values: [unknown, string][] = [
      ["LIFO", '"LIFO"'],
      ["random", '"random"'],
      ["", '""'],
      [true, "true"],
      [null, "null"],
      [1, "1"],
      [{}, "object"],
    ];
    for (const [idleOrder, shown] of values) {
      refused({ idleOrder }, TypeError, "idleOrder", shown, '"lifo"', '"fifo"');
    }
  });
});

describe("logLevel and logger", () => {
  it("each level is taken", () => {
    for (const logLevel of LEVELS) {
      assertEquals(make({ logLevel }).stats().config.logLevel, logLevel);
    }
  });

  it("a bad level is refused, with those there are", () => {
    const values: [unknown, string][] = [
      ["verbose", '"verbose"'],
      ["WARN", '"WARN"'],
      ["", '""'],
      ["toString", '"toString"'],
      ["__proto__", '"__proto__"'],
      [3, "3"],
      [null, "null"],
      [{}, "object"],
      [["warn"], "array"],
    ];
    for (const [logLevel, shown] of values) {
      refused({ logLevel }, TypeError, "logLevel", shown, ...LEVELS);
    }
  });

  it("a logger that misses a method is refused, with that method's name", () => {
    for (const missing of METHODS) {
      const rest = METHODS.filter((name) => name !== missing);
      const logger = Object.fromEntries(rest.map((name) => [name, () => {}]));
      refused({ logger }, TypeError, "logger", `${missing} is missing`);
      refused({ logger: { ...logger, [missing]: "text" } }, TypeError, "logger", missing);
    }
  });

  it("a logger that is none is refused", () => {
    for (const logger of [null, 5, "console", true, {}, []]) {
      refused({ logger }, TypeError, "logger", "debug");
    }
  });

  it("console and a logger with inherited methods are taken", () => {
    class Own extends Recorder {}
    make({ logger: console });
    make({ logger: new Own() });
    make({ logger: Object.create(new Recorder()) });
  });
});

describe("fun and the options as a whole", () => {
  it("fun is refused if it is no function", () => {
    for (const fun of [undefined, null, "fun", 5, {}, { create() {} }, Promise.resolve({})]) {
      const error = assertThrows(() => new Pool(fun as unknown as () => object), TypeError);
      assert(/fun\b.*function/.test(error.message), error.message);
    }
  });

  it("options that are no object are refused", () => {
    for (const options of [null, 10, "maxSize", true, () => ({})]) {
      refused(options, TypeError, "options must be an object");
    }
  });

  it("no option is ignored because it is inherited", () => {
    class Config {
      get maxSize() {
        return 7;
      }
    }
    for (const options of [Object.create({ maxSize: 7 }), new Config()]) {
      assertEquals(make(options).stats().config.maxSize, 7);
    }
  });

  it("the options are remembered as they were: changing the object later changes nothing", () => {
    const options = { maxSize: 2 };
    const pool = make(options);
    options.maxSize = -5;
    assertEquals(pool.stats().config.maxSize, 2);
  });

  it("a frozen object will do", () => {
    const pool = make(Object.freeze({ maxSize: 2 }));
    pool.resize({ maxSize: 3 });
    assertEquals(pool.stats().config.maxSize, 3);
  });
});

describe("defaults", () => {
  const expected: Record<string, unknown> = {
    maxSize: 0,
    minSize: 0,
    timeout: 0,
    maxUse: 0,
    maxAvailDelay: 0,
    maxUsingDelay: 0,
    maxUsingDelayKill: 0,
    hkDelay: 0,
    healthFreq: 1,
    logLevel: "warn",
    maxWaiting: 0,
    maxLifetime: 0,
    lifetimeJitter: 0.1,
    createTimeout: 30_000,
    createBackoff: 5_000,
    createRetry: false,
    maxCreating: 0,
    minAvailable: 0,
    queueTarget: 0,
    queueInterval: 500,
    idleOrder: "lifo",
    hookTimeout: 5_000,
    closeTimeout: 5_000,
    abortGrace: 1_000,
    discardOnError: true,
    traceHolders: "auto",
  };

  it("are those of the documentation", () => {
    const { config } = make({}).stats();
    for (const [name, value] of Object.entries(expected)) assertStrictEquals(config[name], value);
    assertStrictEquals(config.healthAfter, null);
  });

  it("hold for an option that is undefined, each of them", () => {
    const options = Object.fromEntries(
      [...Object.keys(expected), ...HOOKS, "healthAfter", "logger", "name"]
        .map((name) => [name, undefined]),
    );
    assertEquals(make(options).stats().config, make({}).stats().config);
    assertEquals(make(undefined).stats().config, make({}).stats().config);
  });

  it("of hkDelay: half the shortest delay, a minute at the most with health, else none", () => {
    const cases: [PoolOptions<object>, number][] = [
      [{}, 0],
      [{ maxAvailDelay: 1000 }, 500],
      [{ maxUsingDelay: 1000 }, 500],
      [{ maxUsingDelayKill: 1000 }, 500],
      [{ maxAvailDelay: 1000, maxUsingDelay: 400, maxUsingDelayKill: 600 }, 200],
      [{ health: () => true }, 60_000],
      [{ health: () => true, maxAvailDelay: 1000 }, 500],
      [{ health: () => true, maxAvailDelay: 1_000_000 }, 60_000],
      [{ health: () => true, maxLifetime: 30 * 60_000 }, 60_000],
      [{ health: () => true, hkDelay: 90_000 }, 90_000],
      [{ maxAvailDelay: 1_000_000 }, 500_000],
      [{ hkDelay: 70, maxAvailDelay: 1000 }, 70],
      [{ timeout: 1000, createTimeout: 10 }, 0],
    ];
    for (const [options, hkDelay] of cases) {
      assertEquals(make(options).stats().config.hkDelay, hkDelay, JSON.stringify(options));
    }
  });

  it("hkDelay is some milliseconds even for the shortest delay", () => {
    assertEquals(make({ maxAvailDelay: 1 }).stats().config.hkDelay, 1);
  });
});

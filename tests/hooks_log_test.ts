// stats, tracer and logger: whatever they do, it is logged and nothing else; and what the levels let through.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Logger, type LogLevel, Pool } from "../mod.ts";
import { idle, type Thing, Time, Workshop } from "./helpers/pool.ts";
import { Recorder } from "./helpers/recorder.ts";

const boom = () => {
  throw new Error("boom");
};
// deno-lint-ignore no-explicit-any
const late: any = async () => {
  await idle();
  throw new Error("boom later");
};
// deno-lint-ignore no-explicit-any
const rejects: any = () => Promise.reject(new Error("boom"));

/** A life with something to tell: a failing closer, a double return, a discard, a warning. */
async function eventful(pool: Pool<Thing>): Promise<void> {
  const lease = await pool.get();
  pool.stats();
  String(pool);
  await pool.ret(lease);
  await pool.ret(lease);
  await pool.discard(await pool.get(), new Error("for a reason"));
  await pool.shutdown();
  await idle();
}

describe("tracer and stats", () => {
  for (const [how, fails] of Object.entries({ throws: boom, rejects, "rejects late": late })) {
    it(`that ${how} are logged, and nothing else`, async () => {
      const logger = new Recorder();
      const { fun, closed, closer } = new Workshop();
      const pool = new Pool(fun, { tracer: fails, stats: fails, closer, logger });
      await eventful(pool);
      assertEquals([closed, pool.size], [[0], 0]);
      assert(pool.stats().hookErrors > 0);
      assert(logger.text().includes("tracer"), logger.text());
      assert(logger.text().includes("stats"), logger.text());
    });
  }

  it("stats shows an object as stats, else tracer, else String makes of it", async () => {
    const { fun } = new Workshop();
    const picture = async (options: object) => {
      const pool = new Pool(fun, options);
      const lease = await pool.get();
      const { object } = pool.stats().objects.using[0]!;
      await pool.ret(lease);
      const available = pool.stats().objects.available[0]!;
      assertEquals(available.object, object);
      await pool.shutdown();
      return object;
    };
    const stats = ({ id }: Thing) => ({ id, open: true });
    const tracer = ({ id }: Thing) => `traced ${id}`;
    assertEquals(await picture({ stats, tracer }), { id: 0, open: true });
    assertEquals(await picture({ tracer }), "traced 0");
    assertEquals(await picture({}), "thing 0");
  });

  it("an object that String cannot take is no trouble", async () => {
    const pool = new Pool(() => Object.create(null) as object, { logLevel: "silent" });
    const lease = await pool.get();
    JSON.parse(String(pool));
    await pool.ret(lease);
    await pool.ret(lease);
    await pool.shutdown();
  });

  for (const [what, value] of Object.entries({ bigint: 1n, undefined, function: () => {} })) {
    it(`stats that gives a ${what}, which JSON has not, is no trouble`, async () => {
      const pool = new Pool(new Workshop().fun, { stats: () => value, logLevel: "silent" });
      const lease = await pool.get();
      JSON.parse(String(pool));
      await pool.ret(lease);
      await pool.shutdown();
    });
  }

  it("stats that gives a circle, which JSON has not, is no trouble", async () => {
    const circle: Record<string, unknown> = {};
    circle.self = circle;
    const pool = new Pool(new Workshop().fun, { stats: () => circle, logLevel: "silent" });
    const lease = await pool.get();
    JSON.parse(String(pool));
    await pool.ret(lease);
    await pool.shutdown();
  });
});

describe("a logger", () => {
  for (const [how, fails] of Object.entries({ throws: boom, rejects, "rejects late": late })) {
    it(`that ${how} stops nothing`, async () => {
      const { error } = console;
      const shown: unknown[] = [];
      console.error = (...args) => void shown.push(args);
      try {
        const logger: Logger = { debug: fails, info: fails, warn: fails, error: fails };
        const { fun, closed } = new Workshop();
        const pool = new Pool(fun, { logger, logLevel: "debug", closer: boom });
        await eventful(pool);
        assertEquals([closed.length, pool.size, pool.stats().closed], [0, 0, 1]);
      } finally {
        console.error = error;
      }
    });
  }

  const levels: LogLevel[] = ["debug", "info", "warn", "error", "silent"];
  for (const [least, logLevel] of levels.entries()) {
    it(`at level ${logLevel} is told nothing less`, async () => {
      const logger = new Recorder();
      const pool = new Pool(new Workshop().fun, { logger, logLevel, closer: boom });
      await eventful(pool);
      const heard = new Set(
        logger.lines.map((line) => levels.findIndex((level) => line.startsWith(level))),
      );
      assert([...heard].every((level) => level >= least), logger.text());
      // A double return and a failing closer are worth a warning.
      if (least <= 2) assert(heard.has(2), "no warning");
      if (least === 0) assert(heard.has(0), "nothing of interest to who debugs");
      if (least >= 4) assertEquals(logger.lines, []);
    });
  }

  it("is called as a method, with a text, and no hook for it where nobody reads that", async () => {
    let traced = 0;
    const texts: unknown[] = [];
    class Own implements Logger {
      #prefix = "own";
      debug = (text: string) => void texts.push(text);
      info = (text: string) => void texts.push(text);
      error = (text: string) => void texts.push(text);
      warn(text: string): void {
        texts.push(`${this.#prefix} ${text}`);
      }
    }
    const tracer = () => `traced ${++traced}`;
    const { fun } = new Workshop();
    const loud = new Pool(fun, { tracer, logger: new Own(), closer: boom });
    await eventful(loud);
    assert(texts.length > 0 && texts.every((text) => String(text).startsWith("own ")));
    const before = traced;
    const silent = new Pool(fun, { tracer, logLevel: "silent" });
    await silent.ret(await silent.get());
    await silent.shutdown();
    assertEquals(traced, before);
  });

  it("is console by default, at level warn, as it is at the time", async () => {
    const { warn, info } = console;
    const [warned, informed]: [unknown[], unknown[]] = [[], []];
    const pool = new Pool(new Workshop().fun, { closer: boom });
    try {
      console.warn = (...args) => void warned.push(args);
      console.info = (...args) => void informed.push(args);
      await pool.discard(await pool.get());
      await pool.shutdown();
    } finally {
      Object.assign(console, { warn, info });
    }
    assertEquals([warned.length, informed.length], [1, 0]);
  });
});

describe("no unhandled rejection", () => {
  it("comes of hooks that all reject, early or late", async () => {
    for (const fails of [rejects, late]) {
      using time = new Time();
      const logger: Logger = { debug: fails, info: fails, warn: fails, error: fails };
      const { error } = console;
      console.error = () => {};
      let opened = 0;
      const pool = new Pool(new Workshop().fun, {
        minSize: 2,
        logger,
        logLevel: "debug",
        opener: () => ++opened % 3 === 0 ? fails() : undefined,
        getter: () => opened % 2 === 0 ? fails() : undefined,
        retter: fails,
        closer: fails,
        health: fails,
        stats: fails,
        tracer: fails,
        hkDelay: 100,
        maxUsingDelay: 100,
        maxUsingDelayKill: 200,
        healthAfter: 50,
      });
      for (let i = 0; i < 10; i++) {
        void pool.get().then((lease) => i % 2 ? pool.ret(lease) : undefined, () => {});
        pool.tryGet()?.[Symbol.dispose]();
        void pool.use(fails).catch(() => {});
        String(pool);
        await time.pass(100, 50);
      }
      const closing = pool.shutdown({ timeout: 100 });
      await time.pass(1000, 100);
      await closing;
      console.error = error;
      assertEquals(pool.size, 0);
    }
  });
});

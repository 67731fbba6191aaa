// Importing the library, and making pools and proxies, outside of any request: where a Worker allows
// no timer, no I/O, and has no clock.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions, type PoolStats, Proxy } from "../../mod.ts";
import { FlowScope, scopes, versatile } from "../../scopes/mod.ts";
import { Thing } from "../helpers/pool.ts";
import { ask, worker } from "./requests.ts";

/** All that a pool can be told. */
const options: PoolOptions<Thing> = {
  maxSize: 4,
  minSize: 1,
  maxWaiting: 10,
  timeout: 5000,
  createTimeout: 5000,
  hookTimeout: 5000,
  closeTimeout: 5000,
  maxUse: 100,
  maxLifetime: 60_000,
  lifetimeJitter: 0.5,
  maxAvailDelay: 60_000,
  maxUsingDelay: 60_000,
  maxUsingDelayKill: 60_000,
  hkDelay: 1000,
  healthFreq: 2,
  healthAfter: 0,
  discardOnError: true,
  opener: () => {},
  getter: () => {},
  retter: () => {},
  closer: () => {},
  health: () => true,
  stats: () => 1,
  tracer: () => "thing",
  logLevel: "debug",
  logger: { debug() {}, info() {}, warn() {}, error() {} },
};

/** What the runtime says to a timer here. */
const refusal = attempt(() => setTimeout(() => {}, 1));
const clock = Date.now();

const pool = new Pool((n) => new Thing(n), options);
const idle = pool.stats();
pool.resize({ maxSize: 5 });
pool.reset();
const closed = new Pool((n) => new Thing(n), options);
await closed.shutdown();

const pooled = new Proxy({ fun: (n) => new Thing(n), ...options, maxSize: 5 });
const own = new Proxy({ fun: () => new Thing(7), scope: "versatile" });
const fixed = new Proxy({ obj: new Thing(8) });
const empty = new Proxy<Thing>();
await versatile.ready();
const frame = new FlowScope("global").open();
await frame.end();

function attempt(fn: () => unknown): string {
  try {
    return `allowed: ${fn()}`;
  } catch (error) {
    return String(error);
  }
}

export default worker({
  "pool": async () => {
    const ids = await Promise.all([1, 2].map(() => pool.use(({ id }) => id)));
    const stats = pool.stats();
    await pool.shutdown();
    return { ids, stats, now: Date.now() };
  },
  "proxies": (_url, ctx) =>
    versatile.run(async () => [await pooled.echo("pooled"), own.id, fixed.id], ctx),
});

describe("global scope", () => {
  it("is where this file was: no timer could be set, and no time passed", () => {
    assert(refusal.includes("Disallowed operation called within global scope"), refusal);
    assertEquals(clock, 0);
  });

  it("is where pools can be made, looked at, changed and shut down", () => {
    assertEquals([idle.started, idle.size, idle.config.maxSize], [null, 0, 4]);
    assertEquals(closed.stats().shutdown, true);
  });

  it("is where proxies and frames can be made", () => {
    assertEquals([fixed.id, frame.ended], [8, true]);
    assertThrows(() => empty.id, Error, "before it is set");
    assertEquals(Object.keys(scopes).length, 7);
  });
});

describe("what was made in global scope", () => {
  it("has its first use in a request, and begins to count there", async () => {
    const answer = await ask("pool") as { ids: number[]; stats: PoolStats; now: number };
    const { ids, stats, now } = answer;
    assertEquals([ids.length, stats.gets, stats.returned], [2, 2, 2]);
    assert(Math.abs(Date.parse(stats.started!) - now) < 5000, `started ${stats.started}`);
    assert(stats.running < 5000, `running for ${stats.running} ms`);
    const ages = stats.objects.available.map(({ age }) => age!);
    assert(ages.length > 0 && ages.every((age) => age < 5000), `${ages}`);
    assertEquals([stats.expired, stats.killed, stats.timeouts], [0, 0, 0]);
  });

  it("serves requests through proxies", async () => {
    for (let i = 0; i < 2; i++) assertEquals(await ask("proxies"), ["pooled", 7, 8]);
  });
});

// Callers that retry come in twice the number that can be served, for a while: what is left of that after it?

import { assert, assertEquals } from "@std/assert";
import { Pool, type PoolOptions } from "../../../mod.ts";
import { sleep } from "../../helpers/until.ts";
import { Bench, LENIENT } from "./bench.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { timed } from "./stopwatch.ts";
import { type Phase, servedIn, storm } from "./storm.ts";
import { together } from "./together.ts";

const SIZE = 10;

/** How long an object is used, in ms: together they can serve 200 a second. */
const WORK = 50;

/** Twice as many a second as can be served, then four fifths. */
const LOAD: Phase = [400, 5_000];
const AFTER: Phase = [160, 3_000];

/** What is enough for a pool that does not shed. */
const SHORT: Phase = [400, 3_000];

/** How long after the load it may take until all is well, in ms; that is looked at for a second. */
const GRACE = 1_000;
const LOOK = 1_000;

/**
 * `queueTarget` is one use: who waits longer than that while objects come back 200 times a second has
 * twenty before it. Who has waited for two is refused, so that none is ever cut off at a second.
 */
const SHEDDING = { timeout: 5_000, queueTarget: WORK };

interface Outcome {
  /** Of the calls made `GRACE` after the load: how many were served, and how many there were. */
  served: number;
  of: number;
  /** How many objects were made in all. */
  created: number;
  overloaded: number;
  /** How long the work took after the load, on average, in ms. */
  took: number;
}

/** Side by side, since what they do most is wait. */
const skipped = await whySkipped(postgres);
const start = together<Outcome>([
  () => simulated(SHEDDING, LOAD),
  () => simulated({ timeout: 5_000 }, SHORT),
  ...skipped ? [] : [real],
]);

async function simulated(options: PoolOptions<object>, load: Phase): Promise<Outcome> {
  const pool = new Pool(() => sleep(5).then(() => ({})), {
    maxSize: SIZE,
    logLevel: "silent",
    ...options,
  });
  const outcome = await measured(pool, () => sleep(WORK), load);
  await pool.shutdown();
  return outcome;
}

async function real(): Promise<Outcome> {
  await using bench = await Bench.open(postgres, {
    ...LENIENT,
    ...SHEDDING,
    minSize: SIZE,
    maxSize: SIZE,
  });
  const outcome = await measured(bench.pool, (connection) => connection.sleep(WORK), LOAD);
  await bench.end();
  assertEquals(bench.link.accepted, bench.pool.stats().created);
  return outcome;
}

async function measured<T>(
  pool: Pool<T>,
  work: (object: T) => Promise<unknown>,
  load: Phase,
): Promise<Outcome> {
  const works: { ended: number; took: number }[] = [];
  const timing = async (object: T) => {
    const took = await timed(() => work(object));
    works.push({ ended: performance.now(), took });
  };
  const calls = await storm(pool, timing, [load, AFTER]);
  const over = calls[0]!.began + load[1];
  const [served, of] = servedIn(calls, over + GRACE, over + GRACE + LOOK);
  const since = works.filter(({ ended }) => ended > over).map(({ took }) => took);
  const took = since.reduce((sum, ms) => sum + ms, 0) / since.length;
  const { created, overloaded } = pool.stats();
  return { served, of, created, overloaded, took };
}

function test(name: string, fn: () => Promise<void>, skipped = ""): void {
  // All are started by the first, and signals have timers of their own.
  const sanitizers = { sanitizeOps: false, sanitizeResources: false };
  Deno.test({ name: name + skipped, ignore: skipped !== "", ...sanitizers, fn });
}

test("a retry storm: with queueTarget it is over with the load", async () => {
  isOver(await start(0));
});

test("a retry storm: without queueTarget it is not, so that this tests something", async () => {
  const { served, of, created } = await start(1);
  assert(served < of / 2, `${served} of ${of} were served`);
  assert(created > 10 * SIZE, `${created} were made`);
});

test("PostgreSQL: a retry storm: with queueTarget it is over with the load", async () => {
  isOver(await start(2));
}, skipped);

/** All are served, unless this machine is so busy that the work takes longer, and less can be served. */
function isOver({ served, of, created, overloaded, took }: Outcome): void {
  const isBusy = took > 1.1 * WORK;
  assert(overloaded > 0, "nobody was refused");
  assert(of > 100 || isBusy, `only ${of} calls`);
  assert(served >= 0.95 * of || isBusy, `${served} of ${of} were served, the work took ${took} ms`);
  const most = isBusy ? 5 * SIZE : 2 * SIZE;
  assert(created < most, `${created} were made, the work took ${took} ms`);
}

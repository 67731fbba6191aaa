// What may befall the connections to a server, whichever it is, and what the pool must make of that.

import { assert, assertEquals } from "@std/assert";
import type { PoolOptions } from "../../../mod.ts";
import { Bench, HOOK, LENIENT, ROUND, SIZE } from "./bench.ts";
import { Load, request } from "./load.ts";
import type { Connection, Kind } from "./server.ts";
import { soon } from "./soon.ts";
import { sleep } from "../../helpers/until.ts";

/** A test: its name, and what it does. */
export type Scenario = [name: string, run: () => Promise<void>];

interface Fault {
  befall(bench: Bench): Promise<void>;
  options: PoolOptions<Connection>;
}

const FAULTS: Record<string, Fault> = {
  "the server terminates all connections": {
    befall: ({ server }) => server.terminate(),
    options: LENIENT,
  },
  "all connections are reset": { befall: ({ link }) => link.cut("reset"), options: LENIENT },
  "all connections are half closed": {
    befall: ({ link }) => link.cut("half-close"),
    options: LENIENT,
  },
  // Only the pool's limits tell what stalls from what is slow.
  "all connections stall": { befall: ({ link }) => link.cut("stall"), options: {} },
};

/** How many ask at the same time: more than there are connections. */
const USERS = 12;

/** How long a busy machine may take for what takes hardly any time, in ms. */
const PATIENCE = 1_000;

/** All of them, for a server of that kind. */
export function scenarios(kind: Kind): Scenario[] {
  const faults = Object.entries(FAULTS).flatMap(([what, fault]): Scenario[] => [
    [`${what} under load: who is served by them fails, nobody else`, () => loaded(kind, fault)],
    [`${what} while idle: nobody notices`, () => idle(kind, fault)],
  ]);
  const others: Scenario[] = [
    ["the server terminates used connections: as many fail, who waits is served", () => used(kind)],
    ["healthy ones are replaced all the time: never more than there may be", () => worn(kind)],
    ["a slow link: all is served, only later", () => slow(kind)],
  ];
  return [...faults, ...others].map(([name, run]) => [`${kind.name}: ${name}`, run]);
}

async function loaded(kind: Kind, { befall, options }: Fault): Promise<void> {
  await using bench = await Bench.open(kind, options);
  await using load = new Load(bench.pool, USERS);
  let then = Infinity, enough = Infinity;
  await sleep(100);
  // Somebody is in the middle of it, for sure.
  const victim = bench.pool.use(async (connection) => {
    await befall(bench);
    then = performance.now();
    enough = load.answers + 5 * USERS;
    await connection.echo(1);
  });
  const outcome = victim.then(() => "served", () => "failed");
  // What stalls is known to be dead only when it has been out for too long.
  await soon(() => load.answers >= enough, () => `it answers no more: ${bench.pool}`, 4_000);
  assertEquals(await outcome, "failed");
  await load.stop();
  const { failures } = load;
  const reasons = new Set(failures.map(({ error }) => String(error)));
  assert(failures.length < SIZE, `${failures.length} others failed: ${[...reasons].join(", ")}`);
  assertEquals(load.failedSince(then), []);
  await bench.whole(ROUND + PATIENCE);
  await bench.end();
}

async function idle(kind: Kind, { befall, options }: Fault): Promise<void> {
  await using bench = await Bench.open(kind, options);
  await befall(bench);
  await requests(bench, 4 * SIZE); // who comes next is served all the same
  await bench.whole(ROUND + PATIENCE);
  const { unhealthy } = bench.pool.stats();
  await befall(bench);
  await soon( // a round of housekeeping replaces them, each asked but once
    () => bench.pool.stats().unhealthy === unhealthy + SIZE,
    () => `no round has found them: ${bench.pool}`,
    ROUND + 2 * HOOK + PATIENCE,
  );
  await bench.whole(PATIENCE);
  assertEquals(bench.pool.stats().unhealthy, unhealthy + SIZE);
  await bench.end();
}

async function used(kind: Kind): Promise<void> {
  await using bench = await Bench.open(kind, LENIENT);
  const { pool, server } = bench;
  const served = Promise.allSettled(
    Array.from({ length: SIZE }, () => pool.use((connection) => connection.sleep(4_000))),
  );
  const waiting = requests(bench, 3 * SIZE);
  await sleep(50);
  await server.terminate();
  assertEquals((await served).map(({ status }) => status), Array(SIZE).fill("rejected"));
  await waiting;
  assertEquals(pool.stats().discarded, SIZE);
  await bench.whole(ROUND + PATIENCE);
  await bench.end();
}

/** What is being closed has its place until the server has let go of it. */
async function worn(kind: Kind): Promise<void> {
  const closer = async (connection: Connection) => {
    await connection.sleep(100); // longer than it takes to make another
    await connection.close();
  };
  await using bench = await Bench.open(kind, { ...LENIENT, maxUse: 2, closer });
  await using load = new Load(bench.pool, USERS);
  await soon(() => load.answers >= 5 * USERS, () => `it does not answer: ${bench.pool}`, 10_000);
  await load.stop();
  assertEquals(load.failures, []);
  assert(bench.pool.stats().wornOut >= 2 * USERS);
  await bench.whole(ROUND + PATIENCE);
  await bench.end();
}

async function slow(kind: Kind): Promise<void> {
  await using bench = await Bench.open(kind, LENIENT);
  const { link, pool } = bench;
  link.delay = 20;
  const { created } = pool.stats();
  const begun = performance.now();
  await requests(bench, 2 * SIZE);
  // Two turns of three questions each, there and back.
  assert(performance.now() - begun > 2 * 3 * 2 * 20, "it is not slow");
  assertEquals(pool.stats().created, created, "connections were replaced");
  link.delay = 0;
  await bench.end();
}

async function requests({ pool }: Bench, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => request(pool, i + 1)));
}

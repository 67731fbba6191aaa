// Idle sessions are cut off as by a firewall: what they are sent leads nowhere, and nobody says so.

import { assert, assertEquals } from "@std/assert";
import type { Loan } from "../../../mod.ts";
import { sleep } from "../../helpers/until.ts";
import { Bench } from "./bench.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";
import { register } from "./register.ts";
import type { Scenario } from "./scenarios.ts";
import { type Connection, inTime, type Kind } from "./server.ts";
import { soon } from "./soon.ts";
import { Stopwatch, timedAtOnce, timedInTurn } from "./stopwatch.ts";

const IDLE = 10;
const ROOM = 2 * IDLE;

/** After how many ms a check is no longer waited for alone: what the pool promises. */
const LONG = 100;

/** How long a check hangs, in ms. Who waits for one, or for a few `LONG`, is clearly too late. */
const HOOK = 450;

/** How long a connect takes at least, in ms: most of it is not this machine's work. */
const GATE = 20;

/** How much longer things may take than before, in ms; how late timers are comes on top. */
const TOLERANCE = 80;

interface Case {
  /** How many of the ten are cut off. */
  cut: number;
  healthAfter: number;
  hkDelay?: number;
  idleOrder?: "fifo";
  /** How many there may be, those that are cut off included. */
  room?: number;
  /** Uses connections before they are cut off, by default for none to have been asked lately. */
  prepare?: (scene: Scene, healthAfter: number) => Promise<unknown>;
  /** Borrows, and gives how long each had to wait. */
  borrow: (scene: Scene) => Promise<number[]>;
}

interface Scene {
  bench: Bench;
  /** How long a connect takes here and now, in ms. */
  connect: number;
  /** How many checks are under way. */
  asking: number;
}

const CASES: Record<string, Case> = {
  "gets in turn": { cut: IDLE, healthAfter: 0, borrow: inTurn },
  "gets in turn, each of another": { cut: IDLE, healthAfter: 0, idleOrder: "fifo", borrow: inTurn },
  "gets that keep what they get": { cut: IDLE, healthAfter: 0, borrow: oneSlow },
  "the same of what was idle for a while": { cut: IDLE, healthAfter: 50, borrow: oneSlow },
  "nor is lent what was used just now": {
    cut: IDLE,
    healthAfter: 300,
    idleOrder: "fifo",
    prepare: used,
    borrow: keeping,
  },
  "ten gets at once": { cut: IDLE, healthAfter: 0, borrow: atOnce(10) },
  "fifty gets at once": { cut: IDLE, healthAfter: 0, borrow: atOnce(50) },
  "ten at once while a round asks": { cut: IDLE, healthAfter: 0, hkDelay: 100, borrow: inRound },
  "only five, gets that keep what they get": { cut: 5, healthAfter: 0, borrow: keeping },
  "only five, fifty gets at once": { cut: 5, healthAfter: 0, borrow: atOnce(50) },
  "all but one, without room": {
    cut: IDLE - 1,
    healthAfter: 0,
    room: IDLE,
    idleOrder: "fifo",
    borrow: inTurn,
  },
};

for (const kind of [postgres, redis]) {
  await register(
    kind,
    Object.entries(CASES).map(([what, each]): Scenario => [
      `${kind.name}: idle sessions are cut off: nobody waits for long: ${what}`,
      () => halfDead(kind, each),
    ]),
  );
}

async function halfDead(kind: Kind, it: Case): Promise<void> {
  const { cut, healthAfter, hkDelay = 60_000, idleOrder = "lifo", room = ROOM } = it;
  const { prepare = unused, borrow } = it;
  await using bench = await Bench.open(kind, {
    minSize: IDLE,
    maxSize: ROOM,
    healthAfter,
    hkDelay,
    hookTimeout: HOOK,
    idleOrder,
    maxUsingDelayKill: 0,
    async health(connection) {
      scene.asking++;
      await connection.echo(0).finally(() => scene.asking--);
    },
  });
  const { link, pool } = bench;
  link.gate = GATE;
  const scene = { bench, connect: Math.max(...await connects(kind, bench)), asking: 0 };
  using stopwatch = new Stopwatch();
  pool.resize({ maxSize: IDLE }); // it does not grow before there is a reason
  const usual = Math.max(...await atOnce(50)(scene)); // of sessions that answer
  await prepare(scene, healthAfter);
  pool.resize({ maxSize: room });
  await link.cut("stall", cut);

  const times = await borrow(scene);

  const most = scene.connect + LONG + usual + TOLERANCE + stopwatch.late;
  const busy = `more than ${most} ms, of which a connect takes ${scene.connect}`;
  assertEquals(times.filter((time) => time > most), [], busy);
  if (cut < IDLE) await keepsGood(bench, cut);
}

/** Once the checks that hang have failed: what answers is still there. */
async function keepsGood({ pool }: Bench, cut: number): Promise<void> {
  await soon(() => pool.available === pool.size, () => `checks go on: ${pool}`, 2 * HOOK);
  assert(pool.stats().unhealthy <= cut, "good ones were closed");
  assert(pool.size >= IDLE, `not whole: ${pool}`);
}

/** How long connects take here and now, as many at once as the pool may make. */
async function connects(kind: Kind, { link, server }: Bench): Promise<number[]> {
  const made: Connection[] = [];
  const connect = async () => made.push(await kind.connect(server.account, link.port));
  const times = await timedAtOnce(ROOM - IDLE, connect);
  await Promise.all(made.map((connection) => connection.close()));
  await soon(async () => await server.count() === IDLE, () => "they are left", 3_000);
  return times;
}

function unused(_scene: Scene, healthAfter: number): Promise<void> {
  return sleep(healthAfter);
}

/** All but the first of them, a moment ago. */
async function used({ bench: { pool } }: Scene, healthAfter: number): Promise<void> {
  const loans = await Promise.all(Array.from({ length: IDLE }, () => pool.borrow()));
  await loans.shift()!.release();
  await sleep(healthAfter);
  await Promise.all(loans.map((loan) => loan.release()));
}

function inTurn({ bench: { pool } }: Scene): Promise<number[]> {
  return timedInTurn(2 * IDLE, () => pool.use((connection) => connection.echo(1)));
}

async function keeping({ bench: { pool } }: Scene): Promise<number[]> {
  const loans: Loan<Connection>[] = [];
  const times = await timedInTurn(IDLE, async () => loans.push(await pool.borrow()));
  const all = Promise.all(loans.map(({ object }, i) => object.echo(i)));
  assert(await inTime(all, HOOK), "what was lent does not answer");
  await Promise.all(loans.map((loan) => loan.release()));
  return times;
}

/** Who is first to wait for a slow check is the last: others are made beside theirs. */
async function oneSlow(scene: Scene): Promise<number[]> {
  const times = await keeping(scene);
  const all = times.reduce((sum, time) => sum + time, 0);
  const most = 3 * LONG + IDLE * scene.connect + TOLERANCE;
  assert(all < most, `${all} ms in all, a connect took ${scene.connect} ms`);
  return times;
}

function atOnce(count: number) {
  return ({ bench: { pool } }: Scene): Promise<number[]> =>
    timedAtOnce(count, () => pool.use((connection) => connection.echo(1)));
}

async function inRound(scene: Scene): Promise<number[]> {
  await soon(() => scene.asking > 0, () => `no round: ${scene.bench.pool}`, 1_000);
  return await atOnce(10)(scene);
}

// Rounds: housekeeping: finds objects that are held for too long, and checks idle ones.

import { reason } from "../values.ts";
import type { Entry } from "./entry.ts";
import { evict, kill } from "./evict.ts";
import { holderOf, holding } from "./explain.ts";
import { examine, notice, planRound } from "./health.ts";
import { planIdle } from "./recycle.ts";
import { obsolete } from "./release.ts";
import { due } from "./rules.ts";
import type { State } from "./state.ts";
import { inTurns } from "./turns.ts";

/** How many health checks run at the same time; the other objects can be lent meanwhile. */
const WIDTH = 4;

/** One round. */
export function round<T>(pool: State<T>): void {
  const { bag, clock, leaks, log, settings: { health, healthFreq }, totals } = pool;
  totals.hkRounds++;
  try {
    notice(pool, clock.now());
    const awake = clock.awake();
    leaks.look(bag.lent, awake, pool.clocked);
    lookAtHeld(pool, awake);
    if (health && totals.hkRounds % healthFreq === 0) void checkAll(pool);
  } catch (error) {
    totals.hkErrors++;
    log.error(() => `a housekeeping round failed: ${reason(error)}`);
  }
  if (pool.present > 0) planRound(pool);
}

function lookAtHeld<T>(pool: State<T>, awake: number): void {
  const { warn, kill } = due(pool.bag, pool.settings, awake);
  for (const entry of warn) warnOf(pool, entry, awake - entry.since);
  void inTurns(kill, (entry) => killHeld(pool, entry, awake - entry.since));
}

function warnOf<T>(pool: State<T>, entry: Entry<T>, held: number): void {
  const { bag, log, settings } = pool;
  // A hook may have returned it, and it may have been lent again.
  if (entry.list !== bag.lent || held < settings.maxUsingDelay) return;
  bag.warned(entry);
  log.warn(() => {
    const holder = holderOf(pool, entry);
    return `${holder.object} has been in use ${holding(holder)} (maxUsingDelay)`;
  });
  pool.trouble();
}

function killHeld<T>(pool: State<T>, entry: Entry<T>, held: number): void {
  const { bag, log, settings } = pool;
  const { uses } = entry;
  const isOut = () =>
    entry.uses === uses && (entry.list === bag.lent || entry.list === bag.overdue);
  if (!isOut() || held < settings.maxUsingDelayKill) return;
  const holder = holderOf(pool, entry);
  if (!isOut()) return; // `tracer` may do anything
  kill(pool, entry, "killed");
  log.warn(() => `${holder.object} is killed: in use ${holding(holder)} (maxUsingDelayKill)`);
  pool.trouble();
}

/** Calls `health` for all idle objects; one run at a time. */
async function checkAll<T>(pool: State<T>): Promise<void> {
  if (pool.checkingAll) return;
  pool.checkingAll = true;
  const queue = [...pool.bag.idle].values();
  const work = async () => {
    for (const entry of queue) await check(pool, entry);
  };
  try {
    await Promise.all(Array.from({ length: WIDTH }, work));
  } finally {
    pool.checkingAll = false;
  }
}

/** Calls `health` for an idle object, which stays idle but is not lent meanwhile. */
async function check<T>(pool: State<T>, entry: Entry<T>): Promise<void> {
  if (entry.state !== "available" || entry.checking) return;
  entry.checking = true;
  const good = await isGood(pool, entry);
  entry.checking = false;
  if (entry.state !== "available") return; // a shutdown has taken it
  const fault = good ? obsolete(pool, entry, pool.clock.now()) : "unhealthy";
  if (fault !== undefined) return void evict(pool, entry, fault);
  planIdle(pool); // it may be due by now
  pool.dispatch();
}

async function isGood<T>(pool: State<T>, entry: Entry<T>): Promise<boolean> {
  try {
    await examine(pool, entry, false, pool.clock.now());
    return true;
  } catch {
    return false;
  }
}

// Soak: many tasks ask one pool for things, for long and with all that may go wrong, and what they see
// of it is checked throughout.

import { Pool } from "../../mod.ts";
import { Chance } from "./chance.ts";
import { Faults, LIMITS } from "./faults.ts";
import { Ledger, type Thing } from "./ledger.ts";
import { Task } from "./task.ts";
import { sleep } from "../helpers/until.ts";

export interface Wish {
  gets: number;
  tasks: number;
  seed: number;
  /** Called that many times on the way, after equally many gets each time. */
  samples?: number;
  sample?(gets: number): void;
}

/** What there is to say at the end. */
export interface Told {
  /** What is wrong, the first of it; nothing if all is well. */
  faults: string[];
  counted: Ledger["counted"];
  totals: Ledger["totals"];
  /** What the pool itself has counted. */
  stats: Record<string, unknown>;
  most: number;
}

/** In ms: what a shutdown may take, and what comes too late for that. */
const PATIENCE = 500;
const LULL = 400;

/** Runs it; resolves when the pool is shut down and all that it made is closed. */
export async function soak(wish: Wish): Promise<Told> {
  const { maxSize, maxUsingDelayKill } = LIMITS;
  const ledger = new Ledger(maxSize, maxUsingDelayKill);
  const faults = new Faults(new Chance(wish.seed), ledger);
  // Now and then there is one too many.
  const maxWaiting = Math.max(1, Math.floor((wish.tasks - maxSize) * 0.99));
  const pool = new Pool(faults.fun, { ...faults.options(), maxWaiting });
  const managing: Managing = { over: false, lull: undefined };
  const manager = manage(pool, ledger, new Chance(wish.seed + 1), managing);
  const { error } = console;
  console.error = () => {}; // the pool tells there what its logger has failed with
  try {
    await work(pool, ledger, wish, managing);
    managing.over = faults.over = true;
    await manager;
    await pool.shutdown({ timeout: PATIENCE });
    await sleep(PATIENCE / 2); // what is late is closed, too
  } finally {
    console.error = error;
  }
  const stats = pool.stats();
  ledger.checkEnd(stats);
  const { counted, totals, most } = ledger;
  const { config: _config, objects: _objects, ...counts } = stats;
  return { faults: ledger.faults, counted, totals, most, stats: counts };
}

interface Managing {
  over: boolean;
  /** When set, everybody rests until then, and things are unused. */
  lull: Promise<void> | undefined;
}

/** All tasks are at it until there were enough gets. */
async function work(
  pool: Pool<Thing>,
  ledger: Ledger,
  wish: Wish,
  managing: Managing,
): Promise<void> {
  const { gets, tasks, seed, samples = 0, sample } = wish;
  let begun = 0;
  const every = Math.ceil(gets / samples);
  const run = async (task: Task) => {
    while (begun < gets && ledger.faults.length === 0) {
      if (++begun % every === 0) sample?.(begun);
      await managing.lull;
      await task.visit();
    }
  };
  const all = Array.from(
    { length: tasks },
    (_, i) => new Task(i, pool, ledger, new Chance(seed + 2 + i)),
  );
  await Promise.all(all.map(run));
}

/** Over `ms` after the last of those who wait has got something. */
async function lull(pool: Pool<Thing>, ms: number): Promise<void> {
  while (pool.waiting > 0) await sleep(5);
  await sleep(ms);
}

/** Changes the bounds, starts afresh, and looks whether what the pool says adds up. */
async function manage(
  pool: Pool<Thing>,
  ledger: Ledger,
  chance: Chance,
  managing: Managing,
): Promise<void> {
  while (!managing.over) {
    await sleep(5);
    if (chance.mille(5)) await (managing.lull = lull(pool, chance.below(LULL)));
    ledger.check(pool.stats());
    if (chance.mille(20)) pool.reset();
    if (chance.mille(20)) void pool.ready().catch(() => {});
    if (!chance.mille(50)) continue;
    const maxSize = LIMITS.maxSize - chance.below(20);
    ledger.maxSize = maxSize;
    pool.resize({ minSize: chance.below(10), maxSize });
  }
}

// Connections are replaced all the time, over a link on which a connect takes long: nobody waits for one.

import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { Bench, LENIENT, SIZE } from "./bench.ts";
import { Load } from "./load.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";
import { Stopwatch } from "./stopwatch.ts";
import { together } from "./together.ts";

/** How long a connect takes at least, in ms. */
const GATE = 80;

/** How long a get may take, in ms: clearly less than a connect. */
const SHORT = 40;

/** How old connections get, in ms, less a tenth at random: a fifth of it is for their successors. */
const LIFE = 4_000;
const LEAD = 0.9 * LIFE / 5;

/** For each to be replaced. */
const RUN = LIFE + 1_000;

/** With room for successors, everything is in use, always; where there is none, something is idle. */
const CASES = [
  { what: "with room for successors", maxSize: 2 * SIZE, users: SIZE },
  { what: "without room", maxSize: SIZE, users: SIZE - 2 },
];

/** Side by side, since what they do most is wait. */
const start = together(CASES.map((each) => () => recycled(each)));
const skipped = await whySkipped(postgres);

for (const [i, { what }] of CASES.entries()) {
  Deno.test({
    name:
      `PostgreSQL: connections grow old under load, no get waits for another: ${what}${skipped}`,
    ignore: skipped !== "",
    // Both are started by the first.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: () => start(i),
  });
}

async function recycled({ maxSize, users }: typeof CASES[number]): Promise<void> {
  await using bench = await Bench.open(postgres, {
    ...LENIENT,
    minSize: SIZE,
    maxSize,
    maxLifetime: LIFE,
    hkDelay: 60_000,
    healthAfter: 60_000,
  });
  const { link, pool } = bench;
  const connects: number[] = [];
  pool.observe({ created: ({ duration }) => void connects.push(duration) });
  link.gate = GATE;
  link.most = link.opening;
  using stopwatch = new Stopwatch();
  const waits: number[] = [];
  await using load = new Load(pool, users, {
    async ask() {
      const begun = performance.now();
      await using loan = await pool.borrow();
      waits.push(performance.now() - begun);
      await loan.object.sleep(5);
    },
  });
  await sleep(RUN);
  await load.stop();

  assertEquals(load.failures, []);
  assert(connects.length >= SIZE, `only ${connects.length} were replaced`);
  const all = connects.slice(0, SIZE).reduce((sum, ms) => sum + ms, 0);
  // A machine that is too busy to make one after the other in time proves nothing.
  if (all + stopwatch.late < LEAD) {
    assertEquals(link.most, 1, "connects at once");
    const most = SHORT + stopwatch.late;
    assertEquals(waits.filter((wait) => wait > most), [], `the connects took ${all} ms in all`);
  }
  await bench.end();
}

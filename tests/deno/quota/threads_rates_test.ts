// threadQuota while no thread ends: threads are served alike, and as well as with a cap of their own.

import { assert } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { type Kind, kinds, Threads } from "./threads_stage.ts";

/** The machine is shared: what is unequal by chance is equal after some time, in ms. */
const LEAST = 2_000;
const MOST = 40_000;
const STEP = 1_000;

/** Nothing but turns at the pool: a task has its next use at once. */
const BUSY = { tasks: 4, hold: 10, rest: 0 };

function test(
  name: string,
  kind: Kind,
  max: number,
  fn: (threads: Threads) => Promise<void>,
): void {
  Deno.test({
    name: `threadQuota: ${name} (${kind.label})`,
    ignore: !kind.runner.there,
    // What is at stake is in other processes; bundling leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using threads = await Threads.of(kind, max);
      await fn(threads);
      await threads.finish();
    },
  });
}

/** Of the uses of each since all have got on; looks each second whether it will do. */
async function measured(
  threads: Threads,
  ratioOf: (uses: Map<string, number>) => number,
  isEnough: (ratio: number) => boolean,
): Promise<number> {
  await threads.allGoOn();
  await sleep(STEP);
  const before = new Map(threads.monitor.uses);
  const begun = performance.now();
  for (;;) {
    await sleep(STEP);
    const uses = new Map([...threads.names].map((name) => [
      name,
      threads.uses(name) - before.get(name)!,
    ]));
    const ratio = ratioOf(uses);
    const passed = performance.now() - begun;
    if (passed >= LEAST && isEnough(ratio) || passed >= MOST) return ratio;
  }
}

for (const kind of kinds()) {
  test("eight threads under a cap of four get within 20 % of each other", kind, 4, async (all) => {
    for (let i = 0; i < 8; i++) await all.start({ ...BUSY, maxSize: 4 });
    const ratio = await measured(all, (uses) => {
      return Math.max(...uses.values()) / Math.min(...uses.values());
    }, (ratio) => ratio <= 1.2);
    console.log(`      ${kind.label}: the most for the least: ${ratio.toFixed(3)}`);
    assert(ratio <= 1.2, `${ratio}`);
    assert(all.monitor.most <= 4, `${all.monitor.most}`);
  });

  test("threads get at least 90 % of what they get with a local cap", kind, 4, async (all) => {
    const local = new Set<string>();
    for (let i = 0; i < 2; i++) {
      local.add(await all.start({ ...BUSY, maxSize: 2, local: true }));
      await all.start({ ...BUSY, maxSize: 4 });
    }
    const ratio = await measured(all, (uses) => {
      const sum = (isLocal: boolean) =>
        [...uses].reduce((sum, [name, n]) => local.has(name) === isLocal ? sum + n : sum, 0);
      return sum(false) / sum(true);
    }, (ratio) => ratio >= 0.9);
    console.log(`      ${kind.label}: shared for local: ${ratio.toFixed(3)}`);
    assert(ratio >= 0.9, `${ratio}`);
  });
}

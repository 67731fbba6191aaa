// threadQuota, proven by real threads of every runtime, some of which end while they hold permits.

import { assert, assertEquals } from "@std/assert";
import { printed } from "../../helpers/program.ts";
import { sleep } from "../../helpers/until.ts";
import { soon } from "../servers/soon.ts";
import { type End, type Kind, kinds, Threads } from "./threads_stage.ts";

/** A thread that has all places, and one that gets none before it ends. */
const ALL = { tasks: 2, maxSize: 2, minSize: 2, rest: 0 };

function test(name: string, { label, runner }: Kind, fn: () => Promise<void>): void {
  Deno.test({
    name: `threadQuota: ${name} (${label})`,
    ignore: !runner.there,
    // What is at stake is in other processes; bundling leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    fn,
  });
}

/** The ends that this runtime has. */
function endsOf({ label }: Kind): End[] {
  const all: End[] = ["terminate", "exit", "throw"];
  return label.startsWith("deno") && label.endsWith("web Workers") ? [...all, "close"] : all;
}

/** Whether a thread in a loop can be ended: Deno lets it go on, with its sockets. */
function interrupts({ label }: Kind): boolean {
  return !label.startsWith("deno");
}

for (const kind of kinds()) {
  const ends = endsOf(kind);

  test("six threads never hold more than four, however they end", kind, async () => {
    await using threads = await Threads.of(kind, 4);
    for (let i = 0; i < 6; i++) await threads.start();
    await threads.allGoOn();
    for (let i = 0; i < 3 * ends.length; i++) {
      await threads.end(await threads.busy(), ends[i % ends.length]!);
      await threads.start();
      if (i % 3 === 2) await threads.allGoOn();
      assert(
        threads.monitor.most <= 4,
        `${threads.monitor.most} at once: ${ends[i % ends.length]}`,
      );
    }
    await threads.allGoOn();
    await threads.finish();
    assertEquals(threads.monitor.most, 4);
  });

  for (const end of interrupts(kind) ? [...ends, "loop" as const] : ends) {
    test(`what a thread held is another's within a second: ${end}`, kind, async () => {
      await using threads = await Threads.of(kind, 2);
      const first = await threads.start(ALL);
      await soon(() => threads.monitor.of(first) === 2, () => "it has not all", 10_000);
      const waits = await threads.start({ maxSize: 1, minSize: 1 });
      await sleep(200);
      const behind = await threads.start({ maxSize: 1, minSize: 1 });
      await sleep(200);
      assertEquals([threads.uses(waits), threads.uses(behind)], [0, 0]);
      await threads.end(waits, "terminate");
      await threads.end(first, end);
      if (end === "loop") {
        await sleep(200); // it is in its loop
        await threads.end(first, "terminate");
      }
      const ended = performance.now();
      await soon(() => threads.uses(behind) > 0, () => "nobody got it", 10_000);
      const took = performance.now() - ended;
      console.log(`      ${kind.label}, ${end}: after ${Math.round(took)} ms`);
      assert(took < 1_000, `${took}`);
      await threads.finish();
      assertEquals(threads.monitor.most, 2);
    });
  }

  test("a thread closes an idle object for another one", kind, async () => {
    await using threads = await Threads.of(kind, 2);
    const idle = await threads.start({ tasks: 2, maxSize: 2, rest: 3_600_000 });
    await soon(() => threads.uses(idle) === 2, () => "it has not all", 10_000);
    await sleep(100);
    const waits = await threads.start({ maxSize: 1 });
    await soon(() => threads.uses(waits) > 0, () => "it gets none", 10_000);
    assertEquals([threads.monitor.of(idle), threads.monitor.of(waits)], [1, 1]);
    await threads.end(idle, "terminate");
    await threads.finish();
    assertEquals(threads.monitor.most, 2);
  });

  test("a thread that is blocked for three seconds keeps its permits", kind, async () => {
    await using threads = await Threads.of(kind, 2);
    const first = await threads.start(ALL);
    await soon(() => threads.monitor.of(first) === 2, () => "it has not all", 10_000);
    await threads.tell(first, { block: 3_000 });
    const waits = await threads.start({ maxSize: 1 });
    await sleep(2_500);
    assertEquals([threads.monitor.of(first), threads.uses(waits)], [2, 0]);
    const before = threads.uses(first);
    await soon(() => threads.uses(first) > before, () => "it does not go on", 10_000);
    const [report] = await threads.finish();
    assertEquals([report!.created, report!.killed], [2, 0]);
    assertEquals(threads.monitor.most, 2);
  });
}

for (const kind of kinds().filter((kind) => !interrupts(kind))) {
  test("a thread that goes on after it was terminated keeps what it holds", kind, async () => {
    await using threads = await Threads.of(kind, 2);
    const first = await threads.start(ALL);
    await soon(() => threads.monitor.of(first) === 2, () => "it has not all", 10_000);
    await threads.end(first, "loop");
    await sleep(200); // it is in its loop
    await threads.end(first, "terminate");
    await sleep(1_000);
    assertEquals([await threads.used(), threads.monitor.live], [2, 2]);
  });
}

/** A thread that has nothing more to do ends, and takes an object along; the main thread waits for that. */
const LAZY = `
import { isMainThread, Worker, workerData } from "node:worker_threads";
import { Pool } from "proxypool";
import { threadQuota, threadQuotaBuffer } from "proxypool/quota/threads";

const buffer = isMainThread ? threadQuotaBuffer(1) : workerData;
const quota = threadQuota({ max: 1, buffer });
const pool = new Pool((n) => ({ n }), { quota });
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: buffer });
  await new Promise((resolve) => worker.once("exit", resolve));
  const { used } = quota;
  await pool.use(() => console.log("served", used));
} else globalThis.kept = await pool.get();
`;

/** A thread that nobody waits for holds the one place; the main thread waits for that, and for nothing else. */
const PROGRAM = `
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { Pool } from "proxypool";
import { threadQuota, threadQuotaBuffer } from "proxypool/quota/threads";

const buffer = isMainThread ? threadQuotaBuffer(1) : workerData;
const pool = new Pool((n) => ({ n }), { quota: threadQuota({ max: 1, buffer }) });
if (isMainThread) {
  const worker = new Worker(new URL(import.meta.url), { workerData: buffer });
  await new Promise((resolve) => worker.once("message", resolve));
  worker.unref();
  await pool.use(() => console.log("served"));
} else {
  await pool.use(() => {
    parentPort.postMessage("held");
    return new Promise((resolve) => setTimeout(resolve, 700));
  });
}
`;

for (const kind of kinds().filter(({ kind }) => kind === "node")) {
  test("who waits stays alive, and who does not wait ends by itself", kind, async () => {
    assertEquals(await printed(kind.runner, { main: PROGRAM }), "served");
  });
  test("what a thread held that had nothing more to do is another's", kind, async () => {
    assertEquals(await printed(kind.runner, { main: LAZY }), "served 1");
  });
}

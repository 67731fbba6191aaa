// The recipe for worker threads, with real threads: what they answer, and each way to lose one.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Thread, threads } from "../../../examples/recipes/threads.ts";
import { LeaseError } from "../../../mod.ts";
import { until } from "../../helpers/until.ts";
import { printed, takers } from "./run.ts";

/** How many Workers this process has, by the names that Deno gives to threads, where these are told. */
function count(): number {
  if (Deno.build.os !== "linux") return 0;
  const tasks = [...Deno.readDirSync("/proc/self/task")];
  return tasks.filter(({ name }) => isWorker(name)).length;
}

function isWorker(task: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/self/task/${task}/comm`).startsWith("worker-");
  } catch {
    return false; // it has ended meanwhile
  }
}

/** Waits until the threads that `fn` had are gone. */
async function leavingNone(fn: () => Promise<void>): Promise<void> {
  await fn();
  await until(() => count() === 0, "no thread is left");
}

for (const runner of takers()) {
  Deno.test({
    name: `threads: the program on ${runner.label}`,
    ignore: !runner.there,
    async fn() {
      const [primes, nonsense, much, counts] = await printed(runner, "threads.ts");
      assertEquals(primes, "primes: [ 9592, 17984, 25997, 33860 ]");
      assertEquals(nonsense, "asked for nonsense: RangeError: no primes below -1");
      assertEquals(much, "asked for too much: TimeoutError");
      assert(counts?.endsWith(" threads made, 1 discarded, 0 in use"), counts);
    },
  });
}

Deno.test("threads: many requests at once are answered each by its own", async () => {
  await using pool = threads(1);
  await pool.use(async (thread) => {
    const asked = [10, 100, 1000].map((n) => thread.ask("primes", n));
    const failing = assertRejects(() => thread.ask("primes", -1), RangeError, "below -1");
    assertEquals(await Promise.all(asked), [4, 25, 168]);
    await failing;
  });
  const { created, discarded, hookErrors } = pool.stats();
  assertEquals([created, discarded, hookErrors], [1, 0, 0]);
});

Deno.test("threads: one that crashes fails its borrower, and is not lent again", async () => {
  await using pool = threads(1);
  const error = await assertRejects(
    () =>
      pool.use(async (thread) => {
        await thread.ask("crash", 0);
        while (true) await thread.ask("ping", 1);
      }),
    Error,
  );
  assert(String(error.cause ?? error).includes("a bug in the thread"), String(error));
  assertEquals(await pool.use((thread) => thread.ask("ping", 2)), 2);
  // The thread says so, or `retter` finds out: whichever is first.
  const { created, closed, hookErrors, invalidated } = pool.stats();
  assertEquals([created, closed, hookErrors + invalidated], [2, 1, 1]);
});

Deno.test("threads: one that crashes while idle is noticed before anybody has it", async () => {
  await using pool = threads(1);
  const ended = await pool.use(async (thread) => {
    await thread.ask("crash", 20);
    return () => {
      try {
        return void thread.checkIdle();
      } catch (error) {
        return error;
      }
    };
  });
  await until(ended, "it has crashed");
  assertEquals(await pool.use((thread) => thread.ask("ping", 3)), 3);
  const { created, unhealthy, invalidated } = pool.stats();
  assertEquals([created, unhealthy + invalidated], [2, 1]);
});

Deno.test("threads: who gives up leaves no work behind", async () => {
  await leavingNone(async () => {
    await using pool = threads(1);
    await pool.use((thread) => thread.ask("ping", 1));
    const late = await assertRejects(
      () => {
        const signal = AbortSignal.timeout(50);
        return pool.use((thread, { signal }) => thread.ask("primes", 1e9, signal), { signal });
      },
      DOMException,
    );
    await until(() => pool.size === 0, "its callback has ended, and the thread with it");
    assertEquals([late.name, pool.stats().discarded], ["TimeoutError", 1]);

    // By hand: a call has failed, and so `discardOnError` is asked.
    const lease = await pool.get();
    await assertRejects(() => lease.ask("primes", 1e9, AbortSignal.timeout(50)), DOMException);
    await pool.ret(lease);
    const { hookErrors, closed, discarded, available } = pool.stats();
    assertEquals([hookErrors, closed, discarded, available], [0, 2, 2, 0]);
  });
});

Deno.test("threads: one that is not wanted any more does not come to be", async () => {
  await leavingNone(async () => {
    const aborted = new AbortController();
    const opening = Thread.open({ signal: aborted.signal, invalidate() {} });
    aborted.abort(new Error("not wanted"));
    await assertRejects(() => opening, Error, "not wanted");
  });
});

Deno.test("threads: shutdown leaves none, also of those in use", async () => {
  await leavingNone(async () => {
    const pool = threads(2);
    const begun = Promise.withResolvers<void>();
    const busy = pool.use((thread) => {
      begun.resolve();
      return thread.ask("primes", 1e9);
    });
    await pool.use((thread) => thread.ask("ping", 1));
    // On a slow machine its thread may come later, after the other's answer.
    await begun.promise;
    assertEquals(count(), Deno.build.os === "linux" ? 2 : 0);
    const failed = assertRejects(() => busy, LeaseError, "revoked by shutdown");
    await pool.shutdown({ timeout: 50 });
    await failed;
    assertEquals(pool.size, 0);
  });
});

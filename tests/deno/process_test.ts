// What keeps a process alive, in real processes of every runtime that the suite has fetched.

import { assertEquals } from "@std/assert";
import { printed, runners } from "../helpers/program.ts";

/** Each program prints what it saw; how long it lives says the rest. */
const PROGRAMS: Record<string, { source: string; prints: string }> = {
  "a waiting get keeps the process alive, until its timeout": {
    source: `
      const pool = new Pool(() => ({}), { maxSize: 1, timeout: 300, logLevel: "silent" });
      const lease = await pool.get();
      await pool.get().catch((error) => console.log(error.name));
      globalThis.kept = lease;
    `,
    prints: "PoolTimeoutError",
  },
  "neither housekeeping nor a refill that rests keeps the process alive": {
    source: `
      const options = { maxAvailDelay: 60_000, maxUsingDelay: 60_000, logLevel: "silent" };
      const pool = new Pool(() => ({}), options);
      const lease = await pool.get();
      await pool.ret(await pool.get());
      const failing = new Pool(() => { throw new Error("no"); }, { minSize: 1, logLevel: "silent" });
      await failing.ready().catch(() => {});
      globalThis.kept = [pool, lease, failing];
      console.log("done");
    `,
    prints: "done",
  },
  "a health check in a round that hangs does not keep the process alive": {
    source: `
      const asked = new Promise((resolve) => {
        const health = () => (resolve(), new Promise(() => {}));
        globalThis.kept = new Pool(() => ({}), { minSize: 1, hkDelay: 10, hookTimeout: 60_000, health });
      });
      await globalThis.kept.ready();
      const until = setTimeout(() => {}, 10_000);
      await asked;
      clearTimeout(until);
      console.log("done");
    `,
    prints: "done",
  },
  "a shutdown that waits for a kill keeps the process alive until then": {
    source: `
      const pool = new Pool(() => ({}), { maxUsingDelayKill: 200, logLevel: "silent" });
      globalThis.kept = await pool.get();
      await pool.shutdown();
      console.log(pool.stats().killed);
    `,
    prints: "1",
  },
  "a get that was served keeps nothing alive": {
    source: `
      const pool = new Pool(() => ({}), { maxSize: 1, timeout: 60_000 });
      const first = await pool.get();
      const second = pool.get();
      await pool.ret(first);
      globalThis.kept = await second;
      console.log("done");
    `,
    prints: "done",
  },
};

for (const [name, { source, prints }] of Object.entries(PROGRAMS)) {
  for (const runner of runners()) {
    Deno.test({
      name: `${runner.label}: ${name}`,
      ignore: !runner.there,
      async fn() {
        // It fails after a time that is far less than what must not keep it alive.
        const main = `import { Pool } from "proxypool";\n${source}`;
        assertEquals(await printed(runner, { main }), prints);
      },
    });
  }
}

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
  "a get that waits for a place for its key keeps the process alive, without a timeout, too": {
    source: `
      import { KeyedPool } from "proxypool/keyed";
      const pool = new KeyedPool((key) => ({ key }), { maxKeys: 1 });
      const lease = await pool.get("a");
      const timer = setTimeout(() => pool.discard(lease), 300);
      typeof timer === "number" ? Deno.unrefTimer(timer) : timer.unref();
      console.log(await pool.use("b", ({ key }) => key));
    `,
    prints: "b",
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
  "ready keeps the process alive until createTimeout, and tells of it": {
    source: `
      const options = { minSize: 1, createTimeout: 200, logLevel: "silent" };
      const pool = new Pool(() => new Promise(() => {}), options);
      await pool.ready().catch((error) => console.log(error.name));
      const started = new Pool(() => new Promise(() => {}), options);
      started.tryGet();
      await started.ready().catch((error) => console.log(error.name));
    `,
    prints: "PoolTimeoutError\nPoolTimeoutError",
  },
  "a get that waits for what was begun for nobody keeps the process alive": {
    source: `
      const options = { minSize: 1, createTimeout: 200, logLevel: "silent" };
      const pool = new Pool(() => new Promise(() => {}), options);
      pool.tryGet();
      await pool.get().catch((error) => console.log(error.name));
    `,
    prints: "PoolTimeoutError",
  },
  "what is made for nobody does not keep the process alive": {
    source: `
      const options = { minSize: 1, createTimeout: 60_000, hkDelay: 10 };
      globalThis.kept = new Pool(() => new Promise(() => {}), options);
      globalThis.kept.tryGet();
      console.log("done");
    `,
    prints: "done",
  },
  "a shutdown keeps the process alive until what is being made has taken createTimeout": {
    source: `
      const options = { minSize: 1, createTimeout: 200, logLevel: "silent" };
      const pool = new Pool(() => new Promise(() => {}), options);
      pool.tryGet();
      await pool.shutdown();
      console.log(pool.stats().createFailed);
    `,
    prints: "1",
  },
  "a shutdown does not keep the process alive for rounds that nothing is in use for": {
    source: `
      const options = { maxUsingDelayKill: 100, createTimeout: 0, logLevel: "silent" };
      const pool = new Pool(() => new Promise(() => {}), options);
      await pool.get({ timeout: 20 }).catch(() => {});
      void pool.shutdown();
      console.log("done");
    `,
    prints: "done",
  },
  "a shutdown closes what a round's health hangs on": {
    source: `
      const asked = new Promise((resolve) => {
        const health = () => (resolve(), new Promise(() => {}));
        const closer = () => console.log("closed");
        globalThis.pool = new Pool(() => ({}), { minSize: 1, hkDelay: 10, health, closer });
      });
      await pool.ready();
      const until = setTimeout(() => {}, 10_000);
      await asked;
      clearTimeout(until);
      await pool.shutdown();
      console.log("shut down");
    `,
    prints: "closed\nshut down",
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

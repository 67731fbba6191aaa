// The pool's own work stays out of its users' asynchronous contexts, and they stay in theirs.

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { idle, Thing } from "./helpers/pool.ts";
import { sleep } from "./helpers/until.ts";

const request = new AsyncLocalStorage<string>();

describe("the context of a request", () => {
  it("is shown to no hook, and to no creation", async () => {
    const seen: string[] = [];
    const see = (where: string) => {
      const store = request.getStore();
      if (store !== undefined) seen.push(`${where} sees ${store}`);
    };
    const hook = (where: string) => async () => {
      see(where);
      await null;
      see(`${where}, later`);
    };
    const pool = new Pool((n) => hook("fun")().then(() => new Thing(n)), {
      maxUse: 2,
      maxAvailDelay: 20,
      opener: hook("opener"),
      getter: hook("getter"),
      retter: hook("retter"),
      closer: hook("closer"),
      health: hook("health"),
      healthAfter: 0,
      tracer: (thing) => (see("tracer"), String(thing)),
      logLevel: "debug",
      logger: { debug() {}, info() {}, warn() {}, error() {} },
    });
    await request.run("A", async () => {
      for (let i = 0; i < 3; i++) await pool.ret(await pool.get());
    });
    await sleep(80); // rounds, whose timer A has started
    await request.run("B", () => pool.shutdown());
    assertEquals(seen, []);
  });

  it("is shown to no creation and no hook if another of them has entered it", async () => {
    const seen: unknown[] = [];
    const enter = (value: string) => {
      seen.push(request.getStore());
      try {
        request.enterWith(value);
      } catch {
        // Workers have no such method.
      }
    };
    const pool = new Pool((n) => (enter(`fun ${n}`), new Thing(n)), {
      maxUse: 1,
      getter: () => enter("getter"),
      closer: () => enter("closer"),
    });
    for (let i = 0; i < 2; i++) await pool.ret(await pool.get());
    await pool.shutdown();
    assertEquals(seen, Array(6).fill(undefined));
  });

  it("is there again when a get resumes, whoever gave the object back", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const first = await request.run("A", () => pool.get());
    const seen = request.run("B", async () => {
      const lease = await pool.get();
      const store = request.getStore();
      await pool.ret(lease);
      return store;
    });
    await idle();
    await request.run("C", () => pool.ret(first));
    assertEquals(await seen, "B");
    await pool.shutdown();
  });

  it("is there in the callback of a use that had to wait", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1 });
    const first = await pool.get();
    const seen = request.run("B", () => pool.use(() => request.getStore()));
    await idle();
    await request.run("C", () => pool.ret(first));
    assertEquals(await seen, "B");
    await pool.shutdown();
  });

  it("is there when a get fails: by its timeout, its signal, or a creation", async () => {
    const pool = new Pool((n) => new Thing(n), { maxSize: 1, timeout: 20 });
    const first = await pool.get();
    const aborting = new AbortController();
    const store = (promise: Promise<unknown>) => promise.catch(() => request.getStore());
    const late = request.run("late", () => store(pool.get()));
    const stopped = request.run("stopped", () => store(pool.get({ signal: aborting.signal })));
    request.run("other", () => aborting.abort());
    assertEquals(await Promise.all([late, stopped]), ["late", "stopped"]);
    await pool.ret(first);
    await pool.shutdown();

    const failing = new Pool(() => Promise.reject(new Error("no")));
    assertEquals(await request.run("failed", () => store(failing.get())), "failed");
    await failing.shutdown();
  });
});

// Jest 29, whose sandbox has no Symbol.asyncDispose: absent for good, or put in by a polyfill sooner or later.

import { assertMatch } from "@std/assert";
import { JEST_29, NODES, type NodeVersion, Project, toolTest } from "./tools.ts";

const [NODE_20] = NODES as [NodeVersion];

/** Those of the pooled object must never be called instead. */
const COMMON = `
  const polyfill = () => {
    Symbol.asyncDispose = Symbol("asyncDispose");
    Symbol.dispose = Symbol("dispose");
  };
  const options = { maxSize: 1, timeout: 1000 };
  const own = jest.fn();
  const fun = (n) => {
    const object = { n, [Symbol.for("Symbol.asyncDispose")]: own, [Symbol.for("Symbol.dispose")]: own };
    if (Symbol.asyncDispose) object[Symbol.asyncDispose] = object[Symbol.dispose] = own;
    return object;
  };
  const keys = (async) => {
    const name = async ? "asyncDispose" : "dispose";
    return Symbol[name] ?? Symbol.for("Symbol." + name);
  };
  const disposes = async (pool) => {
    for (const async of [true, false]) {
      const lease = await pool.get();
      await lease[keys(async)]();
      expect(pool.using).toBe(0);
      expect(() => lease.n).toThrow("returned");
    }
    expect(own).not.toHaveBeenCalled();
  };`;

const FILES: Record<string, string> = {
  "with no symbol a lease is given back by ret": `
    test("absent", async () => {
      expect(Symbol.asyncDispose).toBeUndefined();
      const { Pool } = await import("./mod.ts");
      const pool = new Pool(fun, options);
      const lease = await pool.get();
      expect(lease.n).toBe(0);
      await pool.ret(lease);
      expect(pool.using).toBe(0);
      await pool.shutdown();
    });`,
  "with no symbol nothing has a member named undefined": `
    test("absent", async () => {
      const { Pool, Proxy } = await import("./mod.ts");
      const { versatile } = await import("./scopes/mod.ts");
      const frame = versatile.open();
      for (const it of [new Pool(fun), frame]) expect("undefined" in it).toBe(false);
      const proxy = new Proxy({ fun, maxSize: 1, scope: versatile });
      await frame.run(async () => {
        const held = await proxy._obj();
        expect("undefined" in held).toBe(false);
        expect(held.undefined).toBeUndefined();
        await held[Symbol.for("Symbol.asyncDispose")]();
      });
      expect(own).not.toHaveBeenCalled();
      await frame[Symbol.for("Symbol.asyncDispose")]();
      expect(frame.ended).toBe(true);
      await proxy._pool.shutdown();
    });`,
  "with no symbol leases and pools go by what esbuild and Babel make of using": `
    test("absent", async () => {
      const { Pool } = await import("./mod.ts");
      const pool = new Pool(fun, options);
      await disposes(pool);
      await pool[Symbol.for("Symbol.asyncDispose")]();
      await expect(pool.get()).rejects.toThrow("shut");
    });`,
  "a polyfill before the library counts": `
    test("before", async () => {
      polyfill();
      const { Pool } = await import("./mod.ts");
      const pool = new Pool(fun, options);
      await disposes(pool);
      await pool[Symbol.asyncDispose]();
      await expect(pool.get()).rejects.toThrow("shut");
    });`,
  "a polyfill after the library counts for frames and for what they hold": `
    test("later", async () => {
      const { Proxy } = await import("./mod.ts");
      const { versatile } = await import("./scopes/mod.ts");
      const proxy = new Proxy({ fun, maxSize: 1, scope: versatile });
      polyfill();
      const frame = versatile.open();
      await frame.run(async () => {
        const held = await proxy._obj();
        await held[Symbol.asyncDispose]();
      });
      await frame[Symbol.asyncDispose]();
      expect(frame.ended).toBe(true);
      expect(own).not.toHaveBeenCalled();
      await proxy._pool.shutdown();
    });`,
  "a polyfill after the library counts for leases and new pools": `
    test("later", async () => {
      const { Pool } = await import("./mod.ts");
      const pool = new Pool(fun, options);
      const lease = await pool.get();
      polyfill();
      await lease[Symbol.asyncDispose]();
      expect(pool.using).toBe(0);
      await pool.discard(await pool.get()); // the next one has the symbols, too
      await disposes(pool);
      await pool.shutdown();
      const another = new Pool(fun, options);
      await another[Symbol.asyncDispose]();
      await expect(another.get()).rejects.toThrow("shut");
    });`,
};

for (const [what, source] of Object.entries(FILES)) {
  await toolTest(`jest 29: ${what}`, [NODE_20.binary, JEST_29], async () => {
    await using project = new Project();
    await project.add("disposal.test.cjs", `${COMMON}${source}`, "cjs");
    assertMatch(await project.jest(NODE_20, JEST_29), /Tests: +1 passed/);
  });
}

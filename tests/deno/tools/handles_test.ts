// What the pool keeps for itself, in the eyes of tools that count asynchronous resources.

import { assert, assertEquals } from "@std/assert";
import { CLS, JEST_29, JEST_30, NODES, type NodeVersion, Project, toolTest } from "./tools.ts";

const [NODE_20] = NODES as [NodeVersion];

/** Each takes every way by which the pool works outside of its users' contexts. */
const TURNS = `
  async function turns(Pool, n) {
    const hooks = { opener() {}, getter() {}, retter: async () => {}, closer() {}, health() {} };
    const options = { maxSize: 2, timeout: 1000, maxUse: 10, hkDelay: 5, healthAfter: 0, ...hooks };
    const pool = new Pool(async () => ({}), options);
    const turn = async () => {
      const lease = await pool.get();
      await null;
      await pool.ret(lease);
    };
    for (let i = 0; i < n; i++) await Promise.all([turn(), turn(), turn(), pool.use(() => {})]);
    await pool.shutdown();
  }`;

for (const node of NODES) {
  await toolTest(
    `async_hooks of ${node.label}: hears the end of each resource`,
    [node.binary],
    async () => {
      await using project = new Project();
      const file = await project.add(
        "main.mjs",
        `${TURNS}
        import { createHook } from "node:async_hooks";
        const seen = { init: new Set(), destroy: 0 };
        createHook({
          init: (id, type) => void (type === "proxypool" && seen.init.add(id)),
          destroy: (id) => void (seen.init.has(id) && seen.destroy++),
        }).enable();
        const { Pool } = await import("./mod.ts");
        await turns(Pool, 100);
        for (let i = 0; i < 3; i++) await new Promise(setImmediate);
        console.log(JSON.stringify([seen.init.size, seen.destroy]));`,
      );
      const [inits, destroys] = JSON.parse(await project.node(node, file));
      assert(inits > 0, "none was seen at all");
      assertEquals(destroys, inits);
    },
  );
}

await toolTest("cls-hooked: keeps no context of the pool's", [NODE_20.binary, CLS], async () => {
  await using project = new Project();
  await project.link(CLS);
  const file = await project.add(
    "main.mjs",
    `${TURNS}
    import cls from "cls-hooked";
    const { Pool } = await import("./mod.ts");
    const requests = cls.createNamespace("requests");
    const size = async () => {
      for (let i = 0; i < 5; i++) {
        globalThis.gc();
        await new Promise(setImmediate);
      }
      return requests._contexts.size;
    };
    const request = (n) => new Promise((done) => requests.run(() => done(turns(Pool, n))));
    await request(10);
    const before = await size();
    for (let i = 0; i < 50; i++) await request(20);
    console.log(JSON.stringify([before, await size()]));`,
  );
  const [before, after] = JSON.parse(await project.node(NODE_20, "--expose-gc", file));
  assert(after < before + 100, `${before} contexts, then ${after}`);
});

for (const jest of [JEST_29, JEST_30]) {
  await toolTest(
    `jest ${jest.version}: --detectOpenHandles finds none after a shutdown`,
    [NODE_20.binary, jest],
    async () => {
      await using project = new Project();
      const test = `${TURNS}
        import { Pool } from "./mod.ts";
        test("turns", () => turns(Pool, 20));`;
      await project.add("turns.test.cjs", test, "cjs");
      const report = await project.jest(NODE_20, jest, {}, "--detectOpenHandles");
      assert(!/open handle|did not exit/.test(report), report);
    },
  );
}

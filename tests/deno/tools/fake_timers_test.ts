// Fake timers of the tools themselves, that come and go: each tool runs the cases of timer_cases.ts.

import { assert, assertMatch } from "@std/assert";
import {
  JEST_29,
  JEST_30,
  NODES,
  type NodeVersion,
  Project,
  SINON,
  toolTest,
  VITEST,
} from "./tools.ts";

const CASES = `import { timerTests } from "./tests/helpers/timer_cases.ts";`;

const [NODE_20, , NODE_24] = NODES as [NodeVersion, NodeVersion, NodeVersion];

function steps(tick: string): string {
  return `async (ms) => { for (let i = 0; i < 10; i++) { await sleep(0); ${tick}; } await sleep(0); }`;
}

/** The real one: some tools fake that of the helpers' bundle, too. */
const SLEEP = `
  const { setTimeout: real } = globalThis;
  const sleep = (ms) => new Promise((resolve) => void real(resolve, ms));`;

for (const node of [NODE_20, NODE_24]) {
  await toolTest(`node:test: mock.timers of ${node.label}`, [node.binary], async () => {
    await using project = new Project();
    const file = await project.add(
      "cases.test.mjs",
      `${CASES}
      import { mock, test } from "node:test";
      ${SLEEP}
      const tool = {
        install: () => mock.timers.enable(),
        tick: ${steps("mock.timers.tick(ms / 10)")},
        restore: () => mock.timers.reset(),
      };
      for (const [name, fn] of timerTests(tool)) test(name, fn);`,
    );
    assertRun(await project.node(node, "--test-reporter=tap", file), /^# pass (\d+)$/m);
  });
}

for (const toFake of ["", `{ toFake: ["setTimeout", "clearTimeout"] }`]) {
  const what = toFake === "" ? "of everything" : "of timeouts alone";
  await toolTest(`sinon: fakes ${what}`, [NODE_20.binary, SINON], async () => {
    await using project = new Project();
    await project.link(SINON);
    // Not by node:test, which does not come through that itself.
    const file = await project.add(
      "cases.mjs",
      `${CASES}
      import sinon from "sinon";
      ${SLEEP}
      let clock;
      const tool = {
        install: () => void (clock = sinon.useFakeTimers(${toFake})),
        tick: ${steps("await clock.tickAsync(ms / 10)")},
        restore: () => clock?.restore(),
      };
      let passed = 0;
      for (const [name, fn] of timerTests(tool)) {
        await fn().catch((error) => { throw new Error(name, { cause: error }); });
        passed++;
      }
      console.log("# pass " + passed);`,
    );
    assertRun(await project.node(NODE_20, file), /^# pass (\d+)$/m);
  });
}

for (const node of [NODE_20, NODE_24]) {
  await toolTest(`vitest: vi.useFakeTimers on ${node.label}`, [node.binary, VITEST], async () => {
    await using project = new Project();
    await project.add(
      "cases.test.mjs",
      `${CASES}
      ${SLEEP}
      const tool = {
        install: () => vi.useFakeTimers(),
        tick: ${steps("await vi.advanceTimersByTimeAsync(ms / 10)")},
        restore: () => vi.useRealTimers(),
      };
      for (const [name, fn] of timerTests(tool)) test(name, fn);`,
    );
    assertRun(await project.vitest(node, VITEST), /Tests +(\d+) passed/);
  });
}

for (const jest of [JEST_29, JEST_30]) {
  const subject = `jest ${jest.version}`;
  await toolTest(`${subject}: jest.useFakeTimers`, [NODE_20.binary, jest], async () => {
    await using project = new Project();
    await project.add(
      "cases.test.cjs",
      `${CASES}
      ${SLEEP}
      const tool = {
        install: () => void jest.useFakeTimers(),
        tick: ${steps("await jest.advanceTimersByTimeAsync(ms / 10)")},
        restore: () => void jest.useRealTimers(),
      };
      for (const [name, fn] of timerTests(tool)) test(name, fn);`,
      "cjs",
    );
    assertRun(await project.jest(NODE_20, jest), /Tests: +(\d+) passed/);
  });

  await toolTest(`${subject}: fakes from the start on`, [NODE_20.binary, jest], async () => {
    await using project = new Project();
    await project.add("start.test.cjs", FROM_THE_START, "cjs");
    const config = { fakeTimers: { enableGlobally: true } };
    assertMatch(await project.jest(NODE_20, jest, config), /Tests: +2 passed/);
  });
}

/** There the library is loaded with them. */
const FROM_THE_START = `
  import { Pool } from "./mod.ts";
  const options = { maxSize: 1, timeout: 50, logLevel: "silent" };
  test("a get that was begun under them is not lost when they go", async () => {
    const pool = new Pool(() => ({}), options);
    const lease = await pool.get();
    const late = pool.get();
    jest.useRealTimers();
    await expect(late).rejects.toThrow("timeout");
    await expect(pool.get()).rejects.toThrow("timeout");
    await pool.ret(lease);
    await pool.shutdown();
  });
  test("a get that was begun before them is not lost, either", async () => {
    jest.useRealTimers();
    const pool = new Pool(() => ({}), options);
    const lease = await pool.get();
    const late = pool.get();
    late.catch(() => {});
    jest.useFakeTimers();
    const later = pool.get();
    later.catch(() => {});
    await jest.advanceTimersByTimeAsync(100);
    await expect(late).rejects.toThrow("timeout");
    await expect(later).rejects.toThrow("timeout");
    await pool.ret(lease);
    await pool.shutdown();
  });`;

/** Fails unless it has run them all. */
function assertRun(output: string, passed: RegExp): void {
  assert(Number(passed.exec(output)?.[1]) > 30, output);
}

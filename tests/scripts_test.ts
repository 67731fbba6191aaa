// The runner runs all and counts right, and the gate sees a wrong import: what else is green rests on these.

import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { faults } from "../scripts/graph.ts";
import { type Case, readBun, readDeno, readNode } from "../scripts/junit.ts";
import { Slots } from "../scripts/slots.ts";
import { readWorkerd } from "../scripts/workerd_report.ts";

const brief = (cases: Case[]) =>
  cases.map(({ path, outcome, message }) => [path.join(" > "), outcome, message]);

describe("reports", () => {
  it("of Deno: suites are no tests, unless they fail by themselves", () => {
    const report = `<testsuites><testsuite name="./a_test.ts">
      <testcase name="outer" line="1"><failure message="1">1 test step failed.</failure></testcase>
      <testcase name="hook"><failure message="x">Error: in afterAll</failure></testcase>
      <testcase name="outer &gt; one" time="0.0">
      </testcase>
      <testcase name="outer &gt; two"><failure message="no">Error: 1 &lt; 2</failure></testcase>
      <testcase name="outer &gt; three"><skipped/></testcase>
      <testcase name="A: one (skipped: no A: none)"><skipped/></testcase>
      <testcase name="hook &gt; fine"></testcase>
      <testcase name="outermost"><error message="Cancelled"/></testcase>
    </testsuite></testsuites>`;
    assertEquals(brief(readDeno(report)), [
      ["hook", "failed", "Error: in afterAll"],
      ["outer > one", "passed", ""],
      ["outer > two", "failed", "Error: 1 < 2"],
      ["outer > three", "skipped", ""],
      ["A", "skipped", "no A: none"],
      ["hook > fine", "passed", ""],
      ["outermost", "failed", "Cancelled"],
    ]);
  });

  it("of Node: nested suites, quotes escaped twice, the cause of its wrapper", () => {
    const report = `<testsuites><testsuite name="outer" tests="2"><testsuite name="inner">
      <testcase name="a &amp;quot;b&amp;quot; > c" classname="test"/>
      <testcase name="no" failure="x > y"><failure type="t" message="x">
[Error [ERR_TEST_FAILURE]: x] { code: 'ERR_TEST_FAILURE', cause: Error: x
    at y }
      </failure></testcase></testsuite></testsuite>
      <testcase name="off"><skipped type="skipped" message="true"/></testcase>
      <!-- tests 3 --></testsuites>`;
    assertEquals(brief(readNode(report)), [
      ['outer > inner > a "b" > c', "passed", ""],
      ["outer > inner > no", "failed", "Error: x\n    at y"],
      ["off", "skipped", ""],
    ]);
  });

  it("of Bun: the file is no suite, a failure may be an attribute", () => {
    const report = `<testsuites><testsuite name="a.mjs" file="a.mjs"><testsuite name="outer">
      <testcase name="one" line="7" /></testsuite>
      <testcase name="late"><failure type="TimeoutError" message="timed&#10;out" /></testcase>
      </testsuite></testsuites>`;
    assertEquals(brief(readBun(report)), [
      ["outer > one", "passed", ""],
      ["late", "failed", "timed\nout"],
    ]);
  });

  it("of workerd: lines among others, and files that did not end well", () => {
    const line = (value: object) => `proxypool-tests ${JSON.stringify(value)}\n`;
    const stdout = [
      line({ path: ["a.ts", "one"], outcome: "passed", message: "" }),
      line({ path: ["a.ts", "two"], outcome: "skipped", message: "why" }),
      "printed by a test\n",
      line({ ended: "a.ts" }),
      line({ path: ["b.ts", "three"], outcome: "passed", message: "" }),
      line({ ended: "b.ts" }),
      line({ ended: "c.ts" }),
    ].join("");
    const stderr = `x: [ TEST ] a.ts\nx: [ PASS ] a.ts (1ms)\nx: [ TEST ] b.ts
oops; kj::getStackTrace() = /a@1
stack: /b@2
x: [ FAIL ] b.ts (1ms)\nx: [ TEST ] c.ts\nx: [ PASS ] c.ts (1ms)\nx: [ TEST ] d.ts\nfatal`;
    assertEquals(brief(readWorkerd(["a.ts", "b.ts", "c.ts", "d.ts"], stdout, stderr)), [
      ["a.ts > one", "passed", ""],
      ["a.ts > two", "skipped", "why"],
      ["b.ts > three", "passed", ""],
      ["b.ts", "failed", "fails without a failed test:\noops\nx: [ FAIL ] b.ts (1ms)"],
      ["c.ts", "failed", "holds no test"],
      ["d.ts", "failed", "was not run to its end; workerd said:\nfatal"],
    ]);
  });
});

describe("slots", () => {
  /** Starts works of these ranks, and ends them by hand. */
  function start(slots: Slots, ranks: Record<string, number>) {
    const end: Record<string, (fail?: boolean) => Promise<void>> = {};
    const begun: string[] = [];
    const results = Object.entries(ranks).map(([name, rank]) => {
      let settle: (fail: boolean) => void;
      const work = new Promise<string>((resolve, reject) => {
        settle = (fail) => fail ? reject(new Error(name)) : resolve(name);
      });
      end[name] = async (fail = false) => {
        settle(fail);
        await new Promise((resolve) => setTimeout(resolve, 0));
      };
      return slots.run(name, rank, () => (begun.push(name), work));
    });
    return { end, begun, results };
  }

  it("run so many at once, by rank and then as they came", async () => {
    const slots = new Slots(2);
    const ranks = { first: 1, second: 1, third: 1, fourth: 0, fifth: 1, sixth: 0 };
    const { end, begun, results } = start(slots, ranks);
    const expected = ["first", "second"];
    assertEquals(begun, expected);
    for (const next of ["fourth", "sixth", "third", "fifth"]) {
      await end[expected.at(-2)!]!();
      assertEquals(begun, [...expected, next]);
      expected.push(next);
      assertEquals([slots.running.size, slots.known], [2, 6]);
    }
    for (const name of expected) await end[name]!();
    assertEquals(await Promise.all(results), Object.keys(ranks));
    assertEquals([slots.running.size, slots.ended.length], [0, 6]);
  });

  it("are free again after a failure, and for who comes later", async () => {
    const slots = new Slots(1);
    const { end, begun, results } = start(slots, { first: 0, second: 0 });
    const failure = assertRejects(() => results[0]!, Error, "first");
    await end["first"]!(true);
    await failure;
    await end["second"]!();
    assertEquals(begun, ["first", "second"]);
    assertEquals(await slots.run("third", 0, () => Promise.resolve(3)), 3);
  });
});

describe("the import graph", () => {
  const graph = (imports: Record<string, string[]>) => faults(new Map(Object.entries(imports)));

  it("may go down", () => {
    const library = {
      "mod.ts": ["pool.ts", "errors.ts"],
      "pool.ts": ["pool/lease.ts", "errors.ts"],
      "pool/lease.ts": ["forward.ts", "errors.ts"],
      "forward.ts": [],
      "errors.ts": [],
    };
    assertEquals(graph(library), []);
  });

  it("may not go up, sideways, out or round", () => {
    const faults = graph({
      "pool.ts": ["pool/a.ts", "forward.ts"],
      "pool/a.ts": ["pool.ts", "node:fs"],
      "forward.ts": [],
    });
    assertEquals(faults, [
      "pool.ts imports forward.ts: that arrow points the wrong way",
      "pool/a.ts imports pool.ts: that arrow points the wrong way",
      "pool/a.ts imports node:fs: the library has no dependencies",
      "cycle: pool.ts -> pool/a.ts -> pool.ts",
    ]);
  });
});

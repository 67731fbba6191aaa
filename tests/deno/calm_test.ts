// The bench of outages and overload, as its user meets it, in its short form.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { fromText } from "../../bench/calm/results.ts";
import { type PoolName, POOLS } from "../../bench/calm/settings.ts";

const MAIN = new URL("../../bench/calm.ts", import.meta.url).pathname;

async function calm(args: string[]) {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...args],
    env: { NO_COLOR: "1" },
    stdin: "null",
  });
  const { code, stdout, stderr } = await command.output();
  const text = new TextDecoder();
  return { code, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

Deno.test("calm: each pool in each scene, as a table, as data and as a picture", async () => {
  const dir = await Deno.makeTempDir();
  const { code, stdout, stderr } = await calm(["--quick", "--into", dir]);
  assertEquals(code, 0, stderr);
  for (const pool of POOLS) assertMatch(stdout, new RegExp(`^${pool} .* [\\d.]+ %`, "m"));

  const { runs, capacity } = fromText(await Deno.readTextFile(`${dir}/calm.json`));
  assert(capacity > 0);
  assertEquals(
    runs.map(({ scene, pool }) => [scene, pool]),
    ["outage", "overload"].flatMap((scene) => POOLS.map((pool) => [scene, pool])),
  );
  for (const { bins, counts: { before, during, after } } of runs) {
    const all = [before, during, after];
    const sum = (name: "asked" | "served" | "refused" | "late" | "connects") =>
      all.reduce((sum, counts) => sum + counts[name], 0);
    assert(sum("served") > 0);
    assert(sum("served") + sum("refused") + sum("late") <= sum("asked"));
    assertEquals(bins.reduce((sum, { connects }) => sum + connects, 0), sum("connects"));
  }

  const during = (scene: string, name: PoolName) =>
    runs.find((run) => run.scene === scene && run.pool === name)!.counts.during;
  assert(during("outage", "ours, shedding").connects < 50);
  assert(during("outage", "ours, without").connects < 50);
  // Of the overload nothing: a machine that is busy otherwise may not come to it.
  assert(during("outage", "pg-pool").connects > during("outage", "ours, shedding").connects);

  const drawing = await Deno.readTextFile(`${dir}/calm.svg`);
  for (const pool of POOLS) assertStringIncludes(drawing, pool);
  const again = await calm(["--draw", "--into", dir]);
  assertEquals([again.code, again.stdout], [0, stdout]);
  assertEquals(await Deno.readTextFile(`${dir}/calm.svg`), drawing);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("calm: flags", async () => {
  const help = await calm(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "--quick");
  const wrong = await calm(["--quik"]);
  assertEquals([wrong.code, wrong.stdout], [2, ""]);
  assertStringIncludes(wrong.stderr, "--quik");
});

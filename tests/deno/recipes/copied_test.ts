// Each recipe loads where it was copied to, with the packages that its head names and no others.

import { assertEquals, assertRejects } from "@std/assert";
import type { Runner } from "../../helpers/program.ts";
import { copied, copyInto, recipes } from "./packed.ts";
import { run, takers } from "./run.ts";

for (const runner of takers()) {
  Deno.test({
    name: `recipes: each loads where it was copied to, on ${runner.label}`,
    ignore: !runner.there,
    async fn() {
      const all = recipes().filter(({ others }) => runsOn(runner, others));
      assertEquals(await loaded(runner, all.map(({ file }) => file)), []);
    },
  });
}

/** Bun is named by the head of those that it runs. */
function runsOn({ label }: Runner, others: string): boolean {
  return !label.startsWith("bun") || others.includes("bun");
}

/** What they print when one process loads them, each from a folder of its own: their programs do not run. */
async function loaded({ command }: Runner, recipes: string[]): Promise<string[]> {
  const dir = await Deno.makeTempDir();
  try {
    for (const recipe of recipes) {
      await Deno.mkdir(`${dir}/${recipe}`);
      await copyInto(`${dir}/${recipe}`, recipe);
    }
    const imports = recipes.map((recipe) => `await import("./${recipe}/${recipe}");`);
    await Deno.writeTextFile(`${dir}/package.json`, '{ "type": "module" }');
    await Deno.writeTextFile(`${dir}/load.mjs`, imports.join("\n"));
    return (await run([...command, `${dir}/load.mjs`])).filter(Boolean);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("recipes: each file has a head, or is named by one that has", async () => {
  const known = new Set<string>();
  for (const { file } of recipes()) {
    const { dir, remove } = await copied(file);
    for (const { name } of Deno.readDirSync(dir)) known.add(name);
    await remove();
  }
  const all = [...Deno.readDirSync("examples/recipes")].map(({ name }) => name);
  assertEquals(all.filter((name) => !known.has(name)), []);
  await assertRejects(() => copied("threads_worker.ts"), Error, "its head must say");
});

// The snippets of the README run as they stand: on each runtime that there is, and without permission.

import { assert, assertEquals } from "@std/assert";
import { blocks, readPage } from "../helpers/markdown.ts";
import { printed, runners } from "../helpers/program.ts";

const SNIPPETS = blocks(readPage("README.md")).filter(({ info }) => /^[jt]s$/.test(info))
  .map(({ text }) => text);

/** What they print, in their order. */
const PRINTED = ["done: select 1", "select 1", "select 1\n1", "2 0"];

Deno.test("README: all snippets were found", () => {
  assertEquals(SNIPPETS.length, PRINTED.length);
});

for (const runner of runners().slice(1)) {
  Deno.test({
    name: `${runner.label}: the snippets of the README run${
      runner.there ? "" : " (skipped: it has not been fetched)"
    }`,
    ignore: !runner.there,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      for (const [i, program] of SNIPPETS.entries()) {
        const main = program.replace(/"(jsr:)?@x\/proxypool/g, '"proxypool');
        assertEquals(await printed(runner, { main }), PRINTED[i], program);
      }
    },
  });
}

/** JSR's package is what is here; `deno run` asks for no permission. */
Deno.test("Deno: the snippets of the README run in a folder of their own", async () => {
  const dir = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).href;
  const imports = {
    "jsr:@x/proxypool": `${root}mod.ts`,
    "@x/proxypool": `${root}mod.ts`,
    "@x/proxypool/scopes": `${root}scopes/mod.ts`,
  };
  await Deno.writeTextFile(`${dir}/deno.json`, JSON.stringify({ imports }));
  for (const [i, program] of SNIPPETS.entries()) {
    await Deno.writeTextFile(`${dir}/first.mts`, program);
    const args = ["run", "--quiet", "--no-prompt", "first.mts"];
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: dir })
      .output();
    const text = new TextDecoder();
    assert(success, text.decode(stderr));
    assertEquals(text.decode(stdout).trim(), PRINTED[i]);
  }
  await Deno.remove(dir, { recursive: true });
});

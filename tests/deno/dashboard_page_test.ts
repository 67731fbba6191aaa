// The page of the dashboard is made of its sources, its script is free of type errors, and it is small.

import { assert, assertEquals } from "@std/assert";
import ts from "typescript";
import { PAGE } from "../../observe/dashboard/page.ts";
import { pageModule, TARGET } from "../../scripts/dashboard.ts";

Deno.test("the page of the dashboard is what its sources make: deno task dashboard", async () => {
  assertEquals(await Deno.readTextFile(TARGET), await pageModule());
});

Deno.test("the script of the dashboard has no type error", () => {
  const program = ts.createProgram(["observe/dashboard/page/client.js"], {
    allowJs: true,
    checkJs: true,
    noEmit: true,
    strict: true,
    noUncheckedIndexedAccess: true,
    noUnusedLocals: true,
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    lib: ["lib.es2022.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts"],
    types: [],
  });
  const faults = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
    return `${line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
  });
  assertEquals(faults, []);
});

Deno.test("the page of the dashboard takes no more than 15 kB to send, compressed", async () => {
  const packed = new Blob([PAGE]).stream().pipeThrough(new CompressionStream("gzip"));
  const { byteLength } = await new Response(packed).arrayBuffer();
  assert(byteLength < 15_000, `${byteLength} bytes`);
});

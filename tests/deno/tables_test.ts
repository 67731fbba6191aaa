// What tables and diagrams of the pages say is what the library does: options, totals, names, lines.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Pool } from "../../mod.ts";
import { OPTIONS } from "../../pool/check.ts";
import { METHODS } from "../../pool/names.ts";
import { NUMBERS } from "../../pool/options.ts";
import { Totals } from "../../pool/observe.ts";
import { find } from "../../scripts/sources.ts";
import { scopes } from "../../scopes/mod.ts";
import { MUTATIONS } from "../model/mutations.ts";
import { blocks, prose, readPage, spans, tables } from "../helpers/markdown.ts";

/** The table of a page whose first column has that heading, without the headings. */
function table(path: string, first: string, second?: string): string[][] {
  const found = tables(readPage(path)).find(([head]) =>
    head?.[0] === first && (second === undefined || head[1] === second)
  );
  assert(found, `${path} has no table of ${first}`);
  return found.slice(1);
}

Deno.test("docs/options.md: the tables have all options, each once, with their defaults", () => {
  const rows = tables(readPage("docs/options.md")).flatMap(([head, ...rows]) =>
    head?.[0] === "option" ? rows : []
  );
  assertEquals(rows.flatMap(([name = ""]) => spans(name)).sort(), [...OPTIONS].sort());
  const numbers = rows.map(([name = "", value = ""]) => [spans(name)[0]!, value] as const)
    .filter(([name]) => name in NUMBERS && name !== "hkDelay");
  for (const [name, value] of numbers) {
    assertEquals(Number(value.replaceAll(" ", "")), NUMBERS[name as keyof typeof NUMBERS], name);
  }
});

Deno.test("README: the table of methods has all of them", () => {
  const named = tables(readPage("README.md")).flat().flatMap(([name = ""]) => spans(name))
    .map((span) => span.replace(/\(.*/, ""));
  const methods = Object.getOwnPropertyNames(Pool.prototype)
    .filter((name) => !["constructor", "toJSON", "toString"].includes(name))
    .filter((name) => !(name in METHODS)); // those of other pools
  assertEquals(methods.filter((name) => !named.includes(name)), []);
});

Deno.test("docs/life.md: each total is told of, and those of the diagram are totals", () => {
  const page = readPage("docs/life.md");
  const totals = Object.keys(new Totals());
  const told = spans(prose(page));
  assertEquals(totals.filter((name) => !told.includes(name)), []);
  const [diagram] = blocks(page).filter(({ info }) => info === "mermaid");
  const exits = [...diagram!.text.matchAll(/\[(\w+)\]/g)].map(([, name = ""]) => name);
  assert(exits.length > 10);
  assertEquals(exits.filter((name) => !totals.includes(name)), []);
});

Deno.test("docs/faults.md: what it counts are totals", () => {
  const totals = Object.keys(new Totals());
  const named = tables(readPage("docs/faults.md")).flatMap(([, ...rows]) =>
    rows.flatMap((row) => spans(row.at(-1)!)).filter((span) => span !== "retter")
  );
  assert(named.length > 20);
  assertEquals(named.filter((name) => !totals.includes(name)), []);
});

Deno.test("docs/migration.md: the option of another pool is refused, and told ours", () => {
  const rows = table("docs/migration.md", "here", "ProxyPatternPool");
  for (const [here = "", ...theirs] of rows) {
    const ours = spans(here)[0]!;
    for (const name of theirs.flatMap(spans).filter((name) => name !== ours)) {
      const options = { [name]: 1 } as object;
      const { message } = assertThrows(() => new Pool(() => ({}), options), TypeError);
      const told = message.includes(ours) && !message.includes("the options are");
      assert(told, `${name}: ${message}`);
    }
  }
});

Deno.test("docs/scopes.md: the table has all scopes, and the line for each server is a tested one", () => {
  const named = table("docs/scopes.md", "scope").flatMap(([names = ""]) => spans(names));
  assertEquals(named.sort(), Object.keys(scopes).sort());
  const files = [...find("tests/deno/frameworks", ".ts"), "examples/worker/worker.ts"];
  const tested = files.map((file) => plain(Deno.readTextFileSync(file))).join("\n");
  const lines = table("docs/scopes.md", "server").map(([, line = ""]) => spans(line)[0]!);
  assert(lines.length > 5);
  assertEquals(lines.filter((line) => !tested.includes(plain(kernel(line)))), []);
});

Deno.test("docs/inside.md: each function that it names is in the file that it names", () => {
  const named = spans(prose(readPage("docs/inside.md")))
    .flatMap((span) => [...span.matchAll(/^(\w+\.ts): (\w+)$/g)])
    .map(([, file = "", name = ""]) => [file, name] as const);
  assert(named.length > 40);
  const missing = named.filter(([file, name]) => {
    const path = file === "pool.ts" ? file : `pool/${file}`;
    const declared = new RegExp(
      `^(export |async )*(function|class) ${name}\\b|^  ${name}[(<]`,
      "m",
    );
    return !declared.test(Deno.readTextFileSync(path));
  });
  assertEquals(missing, []);
});

Deno.test("each mutation replaces a text that stands in its file, once", () => {
  const wrong = MUTATIONS.filter(({ file, from }) =>
    Deno.readTextFileSync(file).split(from).length !== 2
  );
  assertEquals(wrong.map(({ name }) => name), []);
});

/** What runs the frame; around it the table has no types, and the tests have options of their own. */
function kernel(line: string): string {
  return line.slice(line.indexOf("versatile.run(")).replace(/[ })]*$/, "");
}

function plain(code: string): string {
  return code.replace(/[\s;]/g, "").replaceAll(",)", ")");
}

// The project's pages: their links lead somewhere, and none of their code goes unchecked.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import ts from "typescript";
import { RUNTIMES } from "../../scripts/runtimes.ts";
import { documents, exists, librarySources, pages } from "../../scripts/sources.ts";
import { anchors, type Block, blocks, links, readComments, readPage } from "../helpers/markdown.ts";

const PAGES = pages().map(readPage);
const CODE = [...PAGES, ...librarySources().map(readComments)].flatMap(blocks);
const { tasks } = JSON.parse(Deno.readTextFileSync("deno.json"));

const at = ({ page, line }: Block) => `${page}:${line}`;

/** What is wrong with a block of that language; nothing of those that are for people to read. */
const CHECKS: Record<string, (block: Block) => string> = {
  // These `deno test --doc` runs, and compiles.
  ts: ({ page }) => documents().includes(page) ? "" : "is not among documents()",
  js: ({ page }) => documents().includes(page) ? "" : "is not among documents()",
  json: unreadable,
  jsonc: unreadable,
  sh: ({ text }) =>
    [...text.matchAll(/deno task ([\w:]+)/g)].map(([, name = ""]) => name)
      .filter((name) => !(name in tasks)).map((name) => `there is no task ${name}`).join(),
  mermaid: ({ text }) =>
    /^(stateDiagram-v2|flowchart|sequenceDiagram)\b/.test(text) ? "" : "of what?",
  python: () => "", // below
  promql: () => "", // by observe/promql_test.ts
  text: () => "",
};

function unreadable({ text, page }: Block): string {
  const { error } = ts.parseConfigFileTextToJson(page, text);
  return error === undefined ? "" : ts.flattenDiagnosticMessageText(error.messageText, " ");
}

Deno.test("pages: each block of code is in a language that is checked, and none asks to be left out", () => {
  const wrong = CODE.flatMap((block) => {
    const fault = Object.hasOwn(CHECKS, block.info) ? CHECKS[block.info]!(block) : "unknown";
    return fault === "" ? [] : [`${at(block)}: "${block.info}": ${fault}`];
  });
  assertEquals(wrong, []);
  assert(CODE.some(({ page }) => page === "mod.ts"), "no comments were read");
});

Deno.test("pages: each fence belongs to a block", () => {
  for (const page of PAGES) {
    const fences = page.text.split("\n").filter((line) => /^ *(`{3}|~{3})/.test(line)).length;
    assertEquals(fences, 2 * blocks(page).length, page.path);
  }
});

Deno.test("pages: links lead to files that are there, and to headings that are in them", () => {
  const broken = PAGES.flatMap((page) =>
    links(page).filter((link) => !/^https?:/.test(link)).filter((link) => {
      const [path = "", anchor] = link.split("#");
      const dir = page.path.slice(0, page.path.lastIndexOf("/") + 1);
      const target = path === "" ? page.path : plain(dir + path);
      if (!exists(target)) return true;
      return anchor !== undefined && !anchors(readPage(target)).includes(anchor);
    }).map((link) => `${page.path}: ${link}`)
  );
  assertEquals(broken, []);
  assert(PAGES.flatMap(links).length > 40, "no links were found");
});

/** Without `..`, and the slash at the end. */
function plain(path: string): string {
  return new URL(path, "file:///").pathname.slice(1).replace(/\/$/, "");
}

Deno.test("pages: those of the guide are in the README", () => {
  const there = links(readPage("README.md"));
  const guide = PAGES.map(({ path }) => path).filter((path) => path.startsWith("docs/"));
  assertEquals(guide.filter((path) => !there.includes(path)), []);
});

Deno.test("pages: each opens with the question that it answers", () => {
  const lists = ["README.md", "CHANGELOG.md"];
  const wrong = PAGES.filter(({ path }) => !lists.includes(path))
    .filter(({ text }) => !/^# [^\n]+\n\n\*\*[^*]+\?\*\*/.test(text));
  assertEquals(wrong.map(({ path }) => path), []);
});

Deno.test("pages: each example prints what it shows, or exports what needs a server", () => {
  const wrong = PAGES.flatMap(blocks).filter(({ info }) => /^[jt]s$/.test(info))
    .filter(({ text }) =>
      text.includes("console.assert") || !/console\.log\(.*\/\/ \S|^export /m.test(text)
    );
  assertEquals(wrong.map(at), []);
});

const python = await new Deno.Command("python3", { args: ["--version"] }).output()
  .then(({ success }) => success, () => false);
const why = python ? "" : " (skipped: no python3 is installed)";

Deno.test({
  name: `pages: Python compiles${why}`,
  ignore: !python,
  async fn() {
    const compile = "import ast, sys; ast.parse(sys.argv[1])";
    for (const block of CODE.filter(({ info }) => info === "python")) {
      const args = ["-c", compile, block.text];
      const { success, stderr } = await new Deno.Command("python3", { args }).output();
      assert(success, `${at(block)}: ${new TextDecoder().decode(stderr)}`);
    }
  },
});

/** What becomes of a page with this code as its only example. */
async function outcomeOf(code: string): Promise<{ success: boolean; output: string }> {
  const dir = await Deno.makeTempDir();
  const file = `${dir}/page.md`;
  await Deno.writeTextFile(file, `\`\`\`js\n${code}\n\`\`\`\n`);
  const { command } = RUNTIMES.find(({ name }) => name === "deno")!;
  const job = { title: "examples", files: [file], examples: true };
  const [program, ...args] = command(job, { report: `${dir}/report.xml`, std: "local" });
  const { success, stdout } = await new Deno.Command(program!, { args }).output();
  await Deno.remove(dir, { recursive: true });
  return { success, output: new TextDecoder().decode(stdout) };
}

Deno.test("examples: one whose assertion does not hold fails", async () => {
  const { success, output } = await outcomeOf("console.assert(1 > 2);");
  assert(!success);
  assertStringIncludes(output, "does not hold");
});

Deno.test("examples: one that prints what its comment does not say fails", async () => {
  const wrong = {
    'console.log("a"); // b': "prints a, but says b",
    'console.log("a");': "prints a, but says",
    'console.log("a"); // a\nif (!globalThis) console.log("b"); // b': "says b, but does not print",
  };
  for (const [code, why] of Object.entries(wrong)) {
    const { success, output } = await outcomeOf(code);
    assert(!success, code);
    assertStringIncludes(output, why);
  }
});

Deno.test("examples: one that prints what its comment says passes", async () => {
  const right = [
    'console.log("a", 1); // a 1',
    "console.log({ a: [1, 2] }); // { a: [ 1, 2 ] }",
    "console.log(Math.random()); // some number",
  ];
  const { success, output } = await outcomeOf(right.join("\n"));
  assert(success, output);
});

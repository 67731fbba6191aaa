// What JSR gets, what package.json says, and what keeps a tag from being released.

import { assertEquals } from "@std/assert";
import { entryPoints, manifest } from "../../scripts/npm/manifest.ts";
import { obstacles } from "../../scripts/release.ts";
import { librarySources } from "../../scripts/sources.ts";
import config from "../../deno.json" with { type: "json" };

const exports: Record<string, string> = config.exports;

Deno.test("JSR gets the library and what is to be read, and nothing else", async () => {
  const args = ["publish", "--dry-run", "--allow-dirty", "--no-check"];
  const command = new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } });
  const output = new TextDecoder().decode((await command.output()).stderr);
  const root = new URL("../../", import.meta.url).href;
  const files = [...output.matchAll(/^ +(file:\/\/\S+) \(/gm)]
    .map(([, url = ""]) => url.replace(root, ""));
  const texts = ["CHANGELOG.md", "LICENSE", "README.md", "deno.json"];
  assertEquals(files.sort(), [...librarySources(), ...texts].sort(), output);
});

Deno.test("each entry point tells what it is for, with an example", () => {
  for (const [name, source] of entryPoints) {
    const [comment = ""] = /^\/\*\*[^]*?\*\//.exec(Deno.readTextFileSync(source)) ?? [];
    assertEquals([/^ \* @module$/m, /^ \* ```ts$/m].map((there) => there.test(comment)), [
      true,
      true,
    ], name);
  }
});

Deno.test("package.json has for each entry point where its module and its types are", () => {
  const expected = Object.entries(exports).map(([name, path]) => {
    const module = path.replace(/^\.\/(.*)\.ts$/, "./esm/$1");
    return [name, { types: `${module}.d.ts`, default: `${module}.js` }];
  });
  assertEquals(manifest("./esm").exports, Object.fromEntries(expected));
  assertEquals(manifest(".").exports["."], { types: "./mod.d.ts", default: "./mod.js" });
});

Deno.test("package.json names the repository that its workflow is of, and else none", () => {
  const before = Deno.env.get("GITHUB_REPOSITORY");
  try {
    Deno.env.set("GITHUB_REPOSITORY", "someone/proxypool");
    const url = "git+https://github.com/someone/proxypool.git";
    assertEquals(manifest(".").repository, { type: "git", url });
    Deno.env.delete("GITHUB_REPOSITORY");
    assertEquals("repository" in manifest("."), false);
  } finally {
    if (before !== undefined) Deno.env.set("GITHUB_REPOSITORY", before);
  }
});

const CHANGELOG = `# Changelog

## 1.1.0 - unreleased

### Added

- Something.

## 1.0.0 - 2027-01-31

### Fixed

- A thing.

## 0.9.0 - 2027-01-01

### Added

## 0.8.0 - 2026-12-31

The first.
`;

Deno.test("a tag of the version, with a section of the changelog, may be released", () => {
  assertEquals(obstacles("v1.0.0", "1.0.0", CHANGELOG), []);
  assertEquals(obstacles("v0.8.0", "0.8.0", CHANGELOG), []);
});

Deno.test("a tag of another version may not", () => {
  const told = obstacles("v1.0.1", "1.0.0", CHANGELOG);
  assertEquals(told, [
    'the tag is "v1.0.1", but the version in deno.json is 1.0.0: tag v1.0.0, or change that',
  ]);
});

for (const [version, why] of [["1.1.0", "no date"], ["0.9.0", "no text"], ["1.0", "no section"]]) {
  Deno.test(`a version with ${why} in the changelog may not`, () => {
    assertEquals(obstacles(`v${version}`, version!, CHANGELOG), [
      `CHANGELOG.md has no section "## ${version} - YYYY-MM-DD" that says what is new: write one`,
    ]);
  });
}

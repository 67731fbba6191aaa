// What scripts/std_source.ts makes of a checkout of @std.

import { assertEquals, assertThrows } from "@std/assert";
import { afterEach, beforeEach, describe, it } from "@std/testing/bdd";
import { pathToFileURL } from "node:url";
import { mapSources } from "../../scripts/std_source.ts";

describe("an import map for the sources of @std", () => {
  let dir: string;

  function add(folder: string, version: string, exports: unknown = { ".": "./mod.ts" }): void {
    const name = `@std/${folder}`;
    Deno.mkdirSync(`${dir}/${folder}`, { recursive: true });
    Deno.writeTextFileSync(
      `${dir}/${folder}/deno.json`,
      JSON.stringify({ name, version, exports }),
    );
  }

  beforeEach(() => {
    dir = Deno.makeTempDirSync();
    for (const folder of ["assert", "async"]) add(folder, "1.2.3");
    add("testing", "1.0.0", { "./bdd": "./bdd.ts", "./time": "./time.ts" });
    add("log", "0.224.14");
    // Neither is a package.
    Deno.mkdirSync(`${dir}/.github`);
    Deno.writeTextFileSync(`${dir}/deno.json`, "{}");
  });

  afterEach(() => Deno.removeSync(dir, { recursive: true }));

  function map(): Record<string, string> {
    mapSources(dir, `${dir}/map.json`);
    return JSON.parse(Deno.readTextFileSync(`${dir}/map.json`)).imports;
  }

  it("names each entry point, and keeps what is not of @std", () => {
    add("internal", "1.0.0", "./mod.ts");
    const imports = map();
    const names = ["@std/assert", "@std/testing/time", "@std/log", "@std/internal"];
    const files = ["assert/mod.ts", "testing/time.ts", "log/mod.ts", "internal/mod.ts"];
    assertEquals(
      names.map((name) => imports[name]),
      files.map((file) => pathToFileURL(`${dir}/${file}`).href),
    );
    const real = JSON.parse(Deno.readTextFileSync("import_map.json"));
    assertEquals(imports.esbuild, real.imports.esbuild);
    assertEquals(imports["@deno/dnt"], pathToFileURL("tests/std/dnt.ts").href);
  });

  it("refuses a checkout without a package, or with the wrong version", () => {
    Deno.removeSync(`${dir}/log`, { recursive: true });
    assertThrows(map, Error, "@std/log is not in there");
    add("log", "0.225.0");
    add("testing", "2.0.0");
    const error = assertThrows(map, Error, "@std/log is 0.225.0, which is not ^0.224");
    assertEquals(error.message.match(/@std\/testing is 2\.0\.0/g)?.length, 1);
  });
});

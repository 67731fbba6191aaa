// Whether the package's types compile in the projects that people have.

import config from "../../deno.json" with { type: "json" };
import map from "../../tests/std/import_map.json" with { type: "json" };
import { pathOf } from "../fetch.ts";
import type { Check } from "./check.ts";
import { succeed } from "./pack.ts";
import { command, type Compiler, CURRENT, OLD } from "./tools.ts";

/** The kinds of `moduleResolution`, each with the `module` that it asks for. */
const RESOLUTIONS = { node16: "node16", nodenext: "nodenext", bundler: "esnext" };

const CONSUMER = "tests/npm/consumer.ts";
/** The same as CommonJS; node16 stands for a Node that could not yet `require` what is ESM. */
const COMMON = CONSUMER.replace(/ts$/, "cts");
/** The suite's own statements about types. */
const STATEMENTS = [
  "tests/types_test.ts",
  "tests/proxy_types_test.ts",
  "tests/proxy_content_types_test.ts",
  "tests/proxy_generic_test.ts",
];

interface Project {
  resolution: keyof typeof RESOLUTIONS;
  /** Where its globals are from: one of the compiler's declarations, or the browser's. */
  globals: string;
  lib: string[];
  files: string[];
}

export function typeChecks(): Check[] {
  const resolutions = Object.keys(RESOLUTIONS) as Project["resolution"][];
  return [
    ...resolutions.flatMap((resolution) => [
      ...strict(CURRENT, resolution, [["es2022"], ["es2022", "esnext.disposable"]]),
      statements(CURRENT, resolution),
    ]),
    compiles(CURRENT, {
      resolution: "nodenext",
      globals: "node",
      lib: ["es2022"],
      files: [COMMON],
    }),
    ...strict(OLD, "node16", [["es2022"]]),
    ...strict(OLD, "bundler", [["es2022"]]),
    statements(OLD, "bundler"),
  ];
}

function statements(compiler: Compiler, resolution: Project["resolution"]): Check {
  const lib = ["esnext", "dom"];
  return compiles(compiler, { resolution, globals: "node", lib, files: STATEMENTS });
}

function strict(compiler: Compiler, resolution: Project["resolution"], libs: string[][]): Check[] {
  return ["browser", ...Object.keys(compiler.ambient)].flatMap((globals) =>
    libs.map((lib) => compiles(compiler, { resolution, globals, lib, files: [CONSUMER] }))
  );
}

function compiles(compiler: Compiler, project: Project): Check {
  const { resolution, globals, lib, files } = project;
  const what = files === STATEMENTS ? "the suite's type tests" : files[0]!.replace(/.*\//, "");
  return {
    name: `TypeScript ${compiler.tsc.version}, ${resolution}, ${globals}, ${
      lib.join("+")
    }: ${what}`,
    async run() {
      await Deno.copyFile(CONSUMER, COMMON);
      await Deno.writeTextFile("tsconfig.json", JSON.stringify(tsconfig(compiler, project)));
      await succeed(command(compiler.tsc, "--project", "tsconfig.json"));
    },
  };
}

function tsconfig({ ambient }: Compiler, { resolution, globals, lib, files }: Project): object {
  const declared = ambient[globals];
  return {
    files,
    compilerOptions: {
      ...config.compilerOptions,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: false,
      target: "es2022",
      lib: declared ? lib : [...lib, "dom"],
      types: declared ? [pathOf(declared)] : [],
      module: RESOLUTIONS[resolution],
      moduleResolution: resolution,
      paths: standIns(),
    },
  };
}

/** As scripts/bundle.ts resolves them. */
function standIns(): Record<string, string[]> {
  const files = Object.entries(map.imports).filter(([, file]) => file.startsWith("./"));
  return Object.fromEntries(files.map(([name, file]) => {
    const path = file.replace("bdd_deno.ts", "bdd.ts").replace(/^\./, "./tests/std");
    return [name, [path]];
  }));
}

// Runs the suite's tests of behaviour on the installed package.

import type { Plugin } from "esbuild";
import config from "../../deno.json" with { type: "json" };
import { bundle } from "../bundle.ts";
import { run } from "../process.ts";
import type { Job, Runtime } from "../runtimes.ts";
import { testFiles } from "../sources.ts";
import type { Check } from "./check.ts";
import { internalsOf } from "./internals.ts";
import { INSTALLED } from "./package_checks.ts";
import { specifier } from "./workspace.ts";

/** Those of the project's own scripts and stand-ins, and those that need Deno. */
const OTHERS = /^tests\/((scripts|std|std_equal|std_time)_test\.ts$|deno\/)/;

/** The test files, some of which look into the library, which nobody can do with the package. */
export interface Tests {
  jobs: Job[];
  /** Each with what it looks into. */
  left: [file: string, internals: string[]][];
}

/** The tests with `filter` in their path. */
export function findTests(filter: string): Tests {
  const files = testFiles().filter((file) => !OTHERS.test(file) && file.includes(filter))
    .map((file): Tests["left"][number] => [file, internalsOf(file)]);
  const jobs = files.filter(([, internals]) => internals.length === 0)
    .map(([file]) => ({ title: file, files: [file], examples: false }));
  return { jobs, left: files.filter(([, internals]) => internals.length > 0) };
}

/**
 * The same runtime with the library outside of the test's bundles, to load the installed files as they
 * are. workerd loads nothing from outside: there they are in the bundle, as `wrangler` puts them.
 */
export function onPackage(runtime: Runtime): Runtime {
  if (runtime.together) return runtime;
  const { name, target } = runtime;
  const goal = { name, target, bdd: "bdd.ts", maps: true, plugins: [installed()] };
  return {
    ...runtime,
    prepare: async (files) => (await bundle(files, goal)).map(({ path }) => path),
  };
}

/** Wherever a test imports one of the library's entry points. */
function installed(): Plugin {
  return {
    name: "installed",
    setup(build) {
      build.onResolve({ filter: /^(\.\.\/)+(scopes\/)?mod\.ts$/ }, ({ path }) => ({
        path: specifier(path.includes("scopes/") ? "./scopes" : "."),
        external: true,
      }));
      build.onResolve({ filter: new RegExp(`^${config.name}(/|$)`) }, ({ path }) => ({
        path,
        external: true,
      }));
    },
  };
}

/** In milliseconds, for one test file. */
const LIMIT = 60_000;
const WITNESS = "tests/edges_test.ts";
const FAULT = "broken on purpose";
const BROKEN = `export class Pool { constructor() { throw new Error("${FAULT}"); } }`;

/** What the suite shows rests on this: that a fault of the installed files is one of its tests'. */
export function faultCheck(runtime: Runtime): Check {
  return {
    name: `${runtime.label}: the tests see a fault in what is installed`,
    async run() {
      const { exports } = JSON.parse(await Deno.readTextFile(`${INSTALLED}/package.json`));
      const entry = `${INSTALLED}/${exports["."].default}`;
      const whole = await Deno.readTextFile(entry);
      const broken = whole.replace(/export \{ Pool \} from "[^"]*"/, BROKEN);
      if (broken === whole) throw new Error(`${entry} exports no Pool that could be broken`);
      await Deno.writeTextFile(entry, broken);
      try {
        await fails(onPackage(runtime));
      } finally {
        await Deno.writeTextFile(entry, whole);
      }
    },
  };
}

async function fails(runtime: Runtime): Promise<void> {
  const report = `${Deno.cwd()}/fault.xml`;
  const job: Job = { title: WITNESS, files: await runtime.prepare!([WITNESS]), examples: false };
  const ended = await run(runtime.command(job, { report, std: "local" }), { limit: LIMIT });
  const written = await Deno.readTextFile(report).catch(() => "");
  const cases = runtime.read({ files: [WITNESS], report: written, ...ended });
  const seen = cases.some(({ outcome, message }) =>
    outcome === "failed" && message.includes(FAULT)
  );
  if (!seen) throw new Error(`it was not noticed by ${WITNESS}:\n${ended.output}`);
}

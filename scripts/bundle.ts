// Bundles test files for a runtime that knows neither TypeScript's import map nor JSR.

import type { Plugin } from "esbuild";

const MAP = "tests/std/import_map.json";

export type Target = "es2022" | "esnext";

/** What the bundles are for. */
export interface Goal {
  /** The directory of its bundles, under .cache/bundles. */
  name: string;
  /** The level of the language. */
  target: Target;
  /** The stand-in for @std/testing/bdd: the map names Deno's, whose tests go by Deno.test. */
  bdd: string;
  /** Whether the runtime makes use of source maps; another one would only take time to read them. */
  maps?: boolean;
  /** What else there is to resolve. */
  plugins?: Plugin[];
}

export interface Bundle {
  /** Where it is, absolute: tests may change directory. */
  path: string;
  exports: string[];
}

let esbuild: typeof import("esbuild") | undefined;

/** Bundles each of `files`, in their order. Fails with what is wrong in the sources. */
export async function bundle(files: string[], goal: Goal): Promise<Bundle[]> {
  const outdir = `.cache/bundles/${goal.name}`;
  // Only now: Deno's own leg does without.
  esbuild ??= await import("esbuild");
  const { metafile } = await esbuild.build({
    entryPoints: files.map((file) => ({ in: `test:${file}`, out: file.replace(/\.ts$/, "") })),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: goal.target,
    // A class that a bundler has to rename keeps the name that people see.
    keepNames: true,
    sourcemap: goal.maps ? "inline" : false,
    // Only positions: with the sources in them they would be three times as long to read.
    sourcesContent: false,
    metafile: true,
    logLevel: "silent",
    plugins: [...(goal.plugins ?? []), entryPoints(), standIns(goal.bdd)],
  });
  return files.map((file) => {
    const path = `${outdir}/${file.replace(/\.ts$/, ".mjs")}`;
    return { path: `${Deno.cwd()}/${path}`, exports: metafile.outputs[path]!.exports };
  });
}

/** Ends esbuild's own process, which would keep this one alive. */
export async function endBundling(): Promise<void> {
  await esbuild?.stop();
}

/** A test file is where a bundle begins, unless a goal wraps it in something of its own. */
function entryPoints(): Plugin {
  return {
    name: "entry-points",
    setup(build) {
      build.onResolve({ filter: /^test:/ }, ({ path }) => ({
        path: `${Deno.cwd()}/${path.slice("test:".length)}`,
      }));
    },
  };
}

/** Resolves the names of the import map to the files under tests/std. */
function standIns(bdd: string): Plugin {
  const { imports } = JSON.parse(Deno.readTextFileSync(MAP)) as { imports: Record<string, string> };
  const dir = `${Deno.cwd()}/tests/std`;
  return {
    name: "stand-ins",
    setup(build) {
      build.onResolve({ filter: /^@std\// }, ({ path }) => {
        const file = imports[path]?.replace("bdd_deno.ts", bdd);
        if (file) return { path: file.replace(/^\./, dir) };
        return { errors: [{ text: `${path} is not in ${MAP}: add it there, and a stand-in` }] };
      });
    },
  };
}

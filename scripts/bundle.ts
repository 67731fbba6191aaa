// Bundles a test file for a runtime that knows neither TypeScript's import map nor JSR.

import type { Plugin } from "esbuild";

const MAP = "tests/std/import_map.json";

let esbuild: typeof import("esbuild") | undefined;

/** Writes the bundle of `file`, and says where. Fails with what is wrong in the sources. */
export async function bundle(file: string, target: "es2022" | "esnext"): Promise<string> {
  const outfile = `${Deno.cwd()}/.cache/bundles/${target}/${file.replace(/\.ts$/, ".mjs")}`;
  // Only now: Deno's own leg does without.
  esbuild ??= await import("esbuild");
  await esbuild.build({
    entryPoints: [file],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target,
    sourcemap: "inline",
    logLevel: "silent",
    plugins: [standIns()],
  });
  return outfile;
}

/** Ends esbuild's own process, which would keep this one alive. */
export async function endBundling(): Promise<void> {
  await esbuild?.stop();
}

/** Resolves the names of the import map to the files under tests/std. */
function standIns(): Plugin {
  const { imports } = JSON.parse(Deno.readTextFileSync(MAP)) as { imports: Record<string, string> };
  const dir = `${Deno.cwd()}/tests/std`;
  return {
    name: "stand-ins",
    setup(build) {
      build.onResolve({ filter: /^@std\// }, ({ path }) => {
        // The map is Deno's, whose tests go by Deno.test.
        const file = imports[path]?.replace("bdd_deno", "bdd");
        if (file) return { path: `${dir}/${file}` };
        return { errors: [{ text: `${path} is not in ${MAP}: add it there, and a stand-in` }] };
      });
    },
  };
}

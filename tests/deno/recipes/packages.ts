// Bundles a recipe beside the packages that it needs, for the runtimes that find them in node_modules.

import { build, stop } from "esbuild";
import { fetchBinary, isFetched, type NpmBinary, pathOf } from "../../../scripts/fetch.ts";
import config from "../../../deno.json" with { type: "json" };

export type Name = keyof typeof config.imports;

/** Gives the bundle's path, in a directory of its own that `remove` removes. */
export async function bundled(
  recipe: string,
  packages: readonly Name[],
): Promise<{ path: string; remove(): Promise<void> }> {
  const dir = await Deno.makeTempDir();
  for (const name of packages) await link(name, `${dir}/node_modules`);
  const path = `${dir}/main.mjs`;
  await build({
    entryPoints: [new URL(`../../../examples/recipes/${recipe}`, import.meta.url).pathname],
    outfile: path,
    bundle: true,
    format: "esm",
    packages: "external",
    target: "esnext",
    logLevel: "silent",
  });
  await stop();
  return { path, remove: () => Deno.remove(dir, { recursive: true }) };
}

/** A package is fetched once, and with all it needs: what is linked to there finds that there. */
async function link(what: Name, dir: string): Promise<void> {
  // Some are imported by a part of theirs: npm:mysql2@3.24.6/promise.
  const [, name = "", version = ""] = /^npm:(@?[^@]+)@([^/]+)/.exec(config.imports[what])!;
  const at = `${dir}/${name}`;
  const fetched: NpmBinary = { name, version, file: "package.json" };
  if (!isFetched(fetched)) await fetchBinary(fetched);
  await Deno.mkdir(at.slice(0, at.lastIndexOf("/")), { recursive: true });
  await Deno.symlink(pathOf(fetched).replace(/\/package\.json$/, ""), at);
}

// Bundles: the bench for runtimes that take no TypeScript, and the library as a web page would load it.

import { build, stop } from "esbuild";
import { run, tail } from "../scripts/process.ts";
import { sizeOf } from "../scripts/size.ts";
import { exists } from "../scripts/sources.ts";
import map from "../import_map.json" with { type: "json" };

const HOME = ".cache/bench";
const PACKAGES = [
  "generic-pool",
  "tarn",
  "lightning-pool",
  "sequelize-pool",
  "effect",
  "pg",
  "mitata",
] as const;

/** The bench, beside the packages that it imports, which stay as they are published. */
export async function bundleBench(): Promise<string> {
  await install();
  const outfile = `${HOME}/main.mjs`;
  await build({
    entryPoints: ["bench/main.ts"],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    packages: "external",
    logLevel: "silent",
  });
  await stop();
  return `${Deno.cwd()}/${outfile}`;
}

/** The packages, in the versions that import_map.json names. */
async function install(): Promise<void> {
  const wanted = PACKAGES.map((name) => map.imports[name].replace("npm:", ""));
  const stamp = `${HOME}/${wanted.join("+")}.stamp`;
  if (exists(stamp)) return;
  await Deno.mkdir(HOME, { recursive: true });
  const npm = Deno.build.os === "windows" ? ["cmd", "/c", "npm"] : ["npm"];
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  const { code, output } = await run([...npm, "install", "--prefix", HOME, ...flags, ...wanted]);
  if (code !== 0) throw new Error(`npm could not fetch the peers: ${tail(output)}`);
  await Deno.writeTextFile(stamp, "");
}

/** All that `mod.ts` exports, minified: where it is. */
export async function bundleLibrary(): Promise<string> {
  const path = `${Deno.cwd()}/${HOME}/proxypool.min.mjs`;
  const { text } = await sizeOf('export * from "./mod.ts";');
  await Deno.mkdir(HOME, { recursive: true });
  await Deno.writeTextFile(path, text);
  return path;
}

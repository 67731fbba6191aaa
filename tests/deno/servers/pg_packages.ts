// Packages of npm, side by side in one directory, as a project has them: peers find each other there.

import { build, stop } from "esbuild";
import { run } from "../../../scripts/process.ts";
import { exists } from "../../../scripts/sources.ts";
import map from "../../../import_map.json" with { type: "json" };

export type Name = keyof typeof map.imports;

const STD = new URL("../../std/", import.meta.url).pathname;
const LIMIT = 300_000;

/** A directory with these packages, which are installed once; `built`: by their own scripts, too. */
export async function installedBeside(names: readonly Name[], built = false): Promise<string> {
  const wanted = names.map((name) => map.imports[name].replace(/^npm:(@?[^@]+@[^/]+).*/, "$1"));
  const home = `${Deno.cwd()}/.cache/packages/${await digest([...wanted, built].join())}`;
  if (!exists(home)) await install(home, wanted, built);
  return home;
}

/** What a program is bundled for. */
export interface Goal {
  /** Whether it imports the packages or requires them. */
  format?: "esm" | "cjs";
  target?: "esnext" | "es2022";
}

/** A bundle of a program beside these packages. */
export async function bundledBeside(
  names: readonly Name[],
  main: string,
  goal: Goal = {},
): Promise<string> {
  return await bundledIn(await installedBeside(names), main, goal);
}

/** A bundle of a program in such a directory. */
export async function bundledIn(
  home: string,
  main: string,
  { format = "esm", target = "esnext" }: Goal = {},
): Promise<string> {
  const outfile = `${home}/${Deno.pid}.${format === "esm" ? "mjs" : "cjs"}`;
  const alias = { "@std/assert": `${STD}assert.ts`, "@std/testing/time": `${STD}time.ts` };
  const options = { bundle: true, format, packages: "external", target } as const;
  await build({ ...options, entryPoints: [main], alias, outfile, logLevel: "silent" });
  await stop();
  return outfile;
}

async function install(home: string, wanted: string[], built: boolean): Promise<void> {
  const part = `${home}.${Deno.pid}.part`;
  await Deno.mkdir(part, { recursive: true });
  const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
  if (!built) flags.push("--ignore-scripts");
  const command = ["npm", "install", "--prefix", part, "--loglevel=error"];
  const { code, output } = await run([...command, ...flags, ...wanted], { limit: LIMIT });
  if (code !== 0) {
    await Deno.remove(part, { recursive: true });
    throw new Error(`npm could not install ${wanted}: ${output}`);
  }
  // Renamed when complete; another process may have been faster.
  await Deno.rename(part, home).catch(() => Deno.remove(part, { recursive: true }));
}

/** A name for a text: the same for the same. */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes).slice(0, 6)].map((n) => n.toString(16).padStart(2, "0")).join(
    "",
  );
}

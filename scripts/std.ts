// Finds out where the tests have the standard library from: JSR, its sources, or the stand-ins.

import { run } from "./process.ts";
import { mapSources, SOURCE_MAP } from "./std_source.ts";

const PROBE_LIMIT = 2000;
const FETCH_LIMIT = 60_000;

export type Std = "jsr" | "source" | "local";

/** Takes those in `dir`, a checkout of denoland/std. Throws if a package is missing there. */
export function stdFromSources(dir: string): Std {
  mapSources(dir);
  return "source";
}

/** Asks JSR for one small module; if that comes in time, fetches all that the tests need. */
export async function findStd(): Promise<Std> {
  const specifiers = jsrImports();
  const small = specifiers.find((one) => one.includes("/assert@"));
  if (!small || !await isCached([`${small}/assert`], PROBE_LIMIT)) return "local";
  return await isCached(specifiers, FETCH_LIMIT) ? "jsr" : "local";
}

/** The flags that make Deno use what was found. */
export function stdFlags(std: Std): string[] {
  if (std === "jsr") return [];
  return [`--import-map=${std === "source" ? SOURCE_MAP : "tests/std/import_map.json"}`];
}

export function describeStd(std: Std): string {
  return {
    jsr: "@std: from JSR on Deno, the stand-ins of tests/std elsewhere",
    source: "@std: from its sources on Deno, the stand-ins of tests/std elsewhere",
    local: "@std: JSR is out of reach, so Deno too uses the stand-ins of tests/std",
  }[std];
}

function jsrImports(): string[] {
  const { imports } = JSON.parse(Deno.readTextFileSync("import_map.json"));
  return Object.values<string>(imports).filter((one) => one.startsWith("jsr:@std/"));
}

async function isCached(specifiers: string[], limit: number): Promise<boolean> {
  const { code } = await run([Deno.execPath(), "cache", "--no-config", ...specifiers], { limit });
  return code === 0;
}

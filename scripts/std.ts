// Finds out whether the tests can have the standard library from JSR, or need the stand-ins.

import { run } from "./process.ts";

const PROBE_LIMIT = 2000;
const FETCH_LIMIT = 60_000;

export type Std = "jsr" | "local";

/** Asks JSR for one small module; if that comes in time, fetches all that the tests need. */
export async function findStd(): Promise<Std> {
  const specifiers = jsrImports();
  const small = specifiers.find((one) => one.includes("/assert@"));
  if (!small || !await isCached([`${small}/assert`], PROBE_LIMIT)) return "local";
  return await isCached(specifiers, FETCH_LIMIT) ? "jsr" : "local";
}

/** The flags that make Deno use what `findStd` found. */
export function stdFlags(std: Std): string[] {
  return std === "jsr" ? [] : ["--import-map=tests/std/import_map.json"];
}

export function describeStd(std: Std): string {
  return std === "jsr"
    ? "@std: from JSR on Deno, the stand-ins of tests/std elsewhere"
    : "@std: JSR is out of reach, so Deno too uses the stand-ins of tests/std";
}

function jsrImports(): string[] {
  const { imports } = JSON.parse(Deno.readTextFileSync("deno.json"));
  return Object.values<string>(imports).filter((one) => one.startsWith("jsr:@std/"));
}

async function isCached(specifiers: string[], limit: number): Promise<boolean> {
  const { code } = await run([Deno.execPath(), "cache", "--no-config", ...specifiers], { limit });
  return code === 0;
}

// Maps @std to a checkout of its sources, for machines that reach GitHub, but not JSR.

import { pathToFileURL } from "node:url";

/** The import map that `mapSources` writes, unless told otherwise. */
export const SOURCE_MAP = ".cache/std_source.json";
const STAND_INS = "tests/std/import_map.json";

type Imports = Record<string, string>;

/** What the deno.json of a package of @std says. */
interface Package {
  name: string;
  version: string;
  exports: string | Imports;
}

/** Writes an import map with @std from `dir`, a checkout of denoland/std. Throws if that lacks any. */
export function mapSources(dir: string, map = SOURCE_MAP): void {
  const packages = readPackages(dir);
  const faults = new Set(wanted().flatMap((want) => fault(want, packages)));
  if (faults.size > 0) throw new Error(`--std ${dir}: ${[...faults].join(", ")}`);
  const sources = [...packages].flatMap(([folder, one]) => entries(`${dir}/${folder}`, one));
  const imports = { ...absolute(STAND_INS), ...Object.fromEntries(sources) };
  Deno.mkdirSync(".cache", { recursive: true });
  Deno.writeTextFileSync(map, JSON.stringify({ imports }, null, 2));
}

/** By its folder. */
function readPackages(dir: string): Map<string, Package> {
  const packages = new Map<string, Package>();
  for (const { name, isDirectory } of Deno.readDirSync(dir)) {
    const text = isDirectory && readIfThere(`${dir}/${name}/deno.json`);
    if (text) packages.set(name, JSON.parse(text));
  }
  return packages;
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

interface Want {
  name: string;
  /** The beginning of its version. */
  version: string;
}

/** The packages of @std that import_map.json names. */
function wanted(): Want[] {
  const targets = Object.values(readImports("import_map.json"));
  return targets.flatMap((target) => {
    const [, name, version] = /^jsr:(@std\/[^@]+)@\^([\d.]+)/.exec(target) ?? [];
    return name && version ? [{ name, version }] : [];
  });
}

function fault({ name, version }: Want, packages: Map<string, Package>): string[] {
  const found = packages.values().find((one) => one.name === name);
  if (!found) return [`${name} is not in there`];
  return found.version.startsWith(`${version}.`)
    ? []
    : [`${name} is ${found.version}, which is not ^${version}`];
}

/** An entry of the import map for each entry point of the package. */
function entries(dir: string, { name, exports }: Package): [string, string][] {
  const all = typeof exports === "string" ? { ".": exports } : exports ?? {};
  const root = pathToFileURL(`${dir}/`);
  return Object.entries(all).map(([entry, file]) => [
    `${name}${entry.slice(1)}`,
    new URL(file, root).href,
  ]);
}

/** The entries of an import map, for one that stands elsewhere. */
function absolute(map: string): Imports {
  const root = pathToFileURL(map);
  const all = Object.entries(readImports(map));
  return Object.fromEntries(
    all.map(([name, to]) => [name, to.startsWith(".") ? new URL(to, root).href : to]),
  );
}

function readImports(path: string): Imports {
  return JSON.parse(Deno.readTextFileSync(path)).imports;
}

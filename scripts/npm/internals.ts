// Tells which tests look into the library: they import what the package does not export.

import { dirname, join } from "node:path/posix";
import { librarySources } from "../sources.ts";
import { entryPoints } from "./manifest.ts";

const IMPORTED = /^(?:import|export)\b(?! type\b)[^"';]*\bfrom "(\.[^"]+)"/gm;

/** The library's files that a test imports, itself or through others, and that are no entry points. */
export function internalsOf(test: string): string[] {
  const library = new Set(librarySources());
  const open = entryPoints.map(([, source]) => join(source));
  return [...reached(test, library)].filter((file) => library.has(file) && !open.includes(file));
}

/** All files that are imported from `file` on; of the library, only where it is entered. */
function reached(file: string, library: Set<string>, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (library.has(file)) return seen;
  for (const [, path = ""] of Deno.readTextFileSync(file).matchAll(IMPORTED)) {
    if (path.endsWith(".ts")) reached(join(dirname(file), path), library, seen);
  }
  return seen;
}

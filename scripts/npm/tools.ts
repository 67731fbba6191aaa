// Programs of the npm registry that look at the package, each at its pinned version, fetched once.

import { fetchBinary, isFetched, type NpmBinary, pathOf } from "../fetch.ts";

export const PUBLINT: NpmBinary = { name: "publint", version: "0.3.25", file: "src/cli.js" };

export const ATTW: NpmBinary = {
  name: "@arethetypeswrong/cli",
  version: "0.18.5",
  file: "dist/index.js",
};

/** A compiler with declarations of its time, by the names that `types` in a tsconfig.json has for them. */
export interface Compiler {
  tsc: NpmBinary;
  ambient: Record<string, NpmBinary>;
}

const workers = declarations("@cloudflare/workers-types", "5.20261117.1");

/** The current one, and an old one, which knows disposal since not long. */
export const CURRENT: Compiler = {
  tsc: { name: "typescript", version: "7.0.2", file: "bin/tsc" },
  ambient: { node: declarations("@types/node", "26.6.6"), workers },
};
export const OLD: Compiler = {
  tsc: { name: "typescript", version: "5.4.5", file: "bin/tsc" },
  ambient: { node: declarations("@types/node", "20.12.14"), workers },
};

function declarations(name: string, version: string): NpmBinary {
  return { name, version, file: "index.d.ts" };
}

/** Fetches those that are missing. */
export async function fetchTools(): Promise<void> {
  const compilers = [CURRENT, OLD].flatMap(({ tsc, ambient }) => [tsc, ...Object.values(ambient)]);
  for (const tool of [PUBLINT, ATTW, ...compilers]) if (!isFetched(tool)) await fetchBinary(tool);
}

/** The command that starts it. */
export function command(tool: NpmBinary, ...args: string[]): string[] {
  return ["node", pathOf(tool), ...args];
}

// Fetches a runtime from the npm registry, once, into a directory that git ignores.

import { run, tail } from "./process.ts";
import { exists } from "./sources.ts";

/** A package of the npm registry that holds a program for one kind of machine. */
export interface NpmBinary {
  name: string;
  version: string;
  /** The program, inside the package. */
  file: string;
}

const CACHE = ".cache/runtimes";
const LIMIT = 300_000;

export function isFetched(binary: NpmBinary): boolean {
  return exists(pathOf(binary));
}

/** Where the program is, absolute: tests may change directory. */
export function pathOf(binary: NpmBinary): string {
  return `${Deno.cwd()}/${homeOf(binary)}/node_modules/${binary.name}/${binary.file}`;
}

const fetching = new Map<string, Promise<void>>();

/** Once for all that ask. Fails with one line that says what was fetched, and why it could not be. */
export function fetchBinary(binary: NpmBinary): Promise<void> {
  const home = homeOf(binary);
  return fetching.getOrInsertComputed(home, () => fetchAnew(binary));
}

async function fetchAnew(binary: NpmBinary): Promise<void> {
  const part = `${homeOf(binary)}.${Deno.pid}.part`;
  const wanted = `${binary.name}@${binary.version}`;
  await Deno.mkdir(part, { recursive: true });
  try {
    await npmInstall(part, wanted);
    // Renamed when complete, so that an interrupted fetch is never taken for a whole one.
    await Deno.rename(part, homeOf(binary)).catch(() => {});
  } finally {
    if (exists(part)) await Deno.remove(part, { recursive: true });
  }
  if (!isFetched(binary)) throw new Error(`${wanted} holds no ${binary.file}`);
}

function homeOf({ name, version }: NpmBinary): string {
  return `${CACHE}/${name.replace("/", "+")}-${version}`;
}

async function npmInstall(prefix: string, wanted: string): Promise<void> {
  const npm = Deno.build.os === "windows" ? ["cmd", "/c", "npm"] : ["npm"];
  const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"];
  const command = [...npm, "install", "--prefix", prefix, "--loglevel=error", ...flags, wanted];
  const { code, late, output } = await run(command, { limit: LIMIT }).catch((error) => {
    throw new Error(`npm does not start (${error.message}): install Node with npm`);
  });
  if (late) throw new Error(`npm took over ${LIMIT / 1000} s for ${wanted}: try again`);
  if (code !== 0) throw new Error(`npm could not fetch ${wanted}: ${reason(output)}`);
}

/** The line of npm's many that says what is wrong. */
function reason(output: string): string {
  const lines = output.split("\n").map((line) => line.replace(/^npm (error|ERR!) ?/, "").trim());
  const said = lines.find((line) => line && !/^(code|errno|syscall) /.test(line));
  return said ?? tail(output, 1);
}

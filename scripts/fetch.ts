// Fetches a runtime from the npm registry, once, into a directory that git ignores.

import { madeOnce } from "./once.ts";
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
  const wanted = `${binary.name}@${binary.version}`;
  await madeOnce(homeOf(binary), (part) => npmInstall(part, [wanted]));
  if (!isFetched(binary)) throw new Error(`${wanted} holds no ${binary.file}`);
}

function homeOf({ name, version }: NpmBinary): string {
  return `${CACHE}/${name.replace("/", "+")}-${version}`;
}

/** Installs packages in the directory `prefix`; `built`: runs their own scripts, too. */
export async function npmInstall(prefix: string, wanted: string[], built = false): Promise<void> {
  const npm = Deno.build.os === "windows" ? ["cmd", "/c", "npm"] : ["npm"];
  const flags = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund"];
  if (!built) flags.push("--ignore-scripts");
  const command = [...npm, "install", "--prefix", prefix, "--loglevel=error", ...flags, ...wanted];
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

// Whether the package is what it should be: its files, its package.json, and what lints both.

import config from "../../deno.json" with { type: "json" };
import { find } from "../sources.ts";
import type { Check } from "./check.ts";
import { manifest } from "./manifest.ts";
import { succeed } from "./pack.ts";
import { ATTW, command, PUBLINT } from "./tools.ts";

/** In bytes. It is some 258 000, of sixteen entry points; tests or source maps would make it twice that. */
const LARGEST = 300_000;

/** Where npm has put it. */
export const INSTALLED = `node_modules/${config.name}`;

/** `tarball`: the package; `sources`: the folder it was made of. */
export function packageChecks(tarball: string, sources: string): Check[] {
  return [
    { name: "the size of the tarball", run: () => size(tarball) },
    { name: "the files of the package", run: () => report(files()) },
    { name: "the contents of its files", run: () => report(contents(sources)) },
    { name: "its package.json", run: () => report(fields()) },
    {
      name: `publint ${PUBLINT.version}`,
      run: () => silent(command(PUBLINT, "run", "--strict", "--pack", "false", INSTALLED)),
    },
    {
      name: `attw ${ATTW.version}`,
      run: () => silent(command(ATTW, "--profile", "esm-only", "--no-color", tarball)),
    },
  ];
}

async function silent(command: string[]): Promise<void> {
  await succeed(command);
}

function report(faults: string[]): void {
  if (faults.length > 0) throw new Error(faults.join("\n"));
}

async function size(tarball: string): Promise<string> {
  const { size } = await Deno.stat(tarball);
  if (size > LARGEST) {
    throw new Error(`${size} bytes, more than ${LARGEST}: what is it that is new?`);
  }
  return `${size} bytes`;
}

/** Every file is a module of the library, its declarations, or one that npm shows. */
function files(): string[] {
  const texts = ["README.md", "LICENSE", "CHANGELOG.md"];
  const module =
    /^(esm\/)?((pool|proxy|scopes|compat|(observe|quota|adapters)(\/\w+)?)\/)?\w+\.(js|d\.ts)$/;
  const all = find(INSTALLED, "").map((path) => path.slice(INSTALLED.length + 1));
  const known = (path: string) => module.test(path) || [...texts, "package.json"].includes(path);
  return [
    ...all.filter((path) => !known(path)).map((path) => `${path}: does not belong there`),
    ...texts.filter((path) => !all.includes(path)).map((path) => `${path}: is missing`),
  ];
}

/** Not SQL, which says `from`, too: a quote there begins no name of a module. */
const IMPORTED = /\b(?:from|import)\s*\(?\s*["']([^"'$]+)["']/g;

/** Nothing points anywhere but to another file of the package. */
function contents(sources: string): string[] {
  return [...find(INSTALLED, ".js"), ...find(INSTALLED, ".d.ts")].flatMap((path) => {
    const text = Deno.readTextFileSync(path);
    const code = text.replace(/\/\*[^]*?\*\//g, "");
    const away = [...code.matchAll(IMPORTED)].map(([, to = ""]) => to)
      .filter((to) => !/^\.\.?\/.*\.js$/.test(to));
    return [
      ...away.map((to) => `${path} imports ${to}`),
      ...(text.includes("sourceMappingURL")
        ? [`${path} names a source map, which is not there`]
        : []),
      ...(text.includes(sources) ? [`${path} tells where it was built: ${sources}`] : []),
    ];
  });
}

/** Those that neither dnt nor `deno pack` knows by itself, and those that must not be there. */
function fields(): string[] {
  const found = JSON.parse(Deno.readTextFileSync(`${INSTALLED}/package.json`));
  const { exports, ...fixed } = manifest(".");
  const same = (name: string, wanted: unknown) => {
    const [is, should] = [found[name], wanted].map((value) => JSON.stringify(value));
    return is === should ? [] : [`${name} is ${is}, not ${should}`];
  };
  const names = Object.keys(exports);
  const absent = ["dependencies", "peerDependencies", "optionalDependencies", "bin"];
  return [
    ...Object.entries(fixed).flatMap(([name, wanted]) => same(name, wanted)),
    ...absent.flatMap((name) => same(name, undefined)),
    ...(Object.keys(found.exports).join() === names.join() ? [] : [`exports must be ${names}`]),
    ...Object.keys(found.scripts ?? {}).map((name) => `scripts.${name}: nobody has a use for it`),
  ];
}

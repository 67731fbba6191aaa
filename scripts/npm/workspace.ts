// A folder of its own with the package installed, and with the tests, whose library that is there.

import config from "../../deno.json" with { type: "json" };
import { find } from "../sources.ts";
import { entryPoints } from "./manifest.ts";
import { npm } from "./pack.ts";

/** Fills `dir`; `tarball` is the package. */
export async function fill(dir: string, tarball: string): Promise<void> {
  await write(`${dir}/package.json`, JSON.stringify({ private: true, type: "module" }));
  const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
  // It has no dependencies: whatever npm wanted to fetch would be a fault.
  await npm("install", "--offline", "--prefix", dir, ...flags, tarball);
  const configs = ["deno.json", "import_map.json"];
  for (const file of [...find("tests", ""), ...find("examples/worker", ""), ...configs]) {
    await write(`${dir}/${file}`, await Deno.readTextFile(file));
  }
  for (const [name, source] of entryPoints) {
    await write(`${dir}/${source}`, `export * from "${specifier(name)}";\n`);
  }
  await link(`${Deno.cwd()}/.cache/runtimes`, `${dir}/.cache/runtimes`);
}

/** What one writes to import an entry point. */
export function specifier(name: string): string {
  return name.replace(".", config.name);
}

async function write(path: string, text: string): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.writeTextFile(path, text);
}

async function link(to: string, path: string): Promise<void> {
  await Deno.mkdir(path.replace(/\/[^/]*$/, ""), { recursive: true });
  await Deno.symlink(to, path);
}

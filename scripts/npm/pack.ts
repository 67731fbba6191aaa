// Makes the package's tarball: of these sources, by `deno pack`, or of what is built already.

import { run, tail } from "../process.ts";
import { finish } from "./finish.ts";
import { manifest } from "./manifest.ts";

/** In `dir`, of these sources; returns its path. */
export async function packSources(dir: string): Promise<string> {
  const flags = ["--quiet", "--allow-dirty", "--no-source-maps"];
  await succeed([Deno.execPath(), "pack", ...flags, "--output", `${dir}/deno.tgz`]);
  await succeed(["tar", "-xzf", `${dir}/deno.tgz`, "-C", dir]);
  // What deno.json has no place for.
  const { exports: _, ...more } = manifest(".");
  const path = `${dir}/package/package.json`;
  const packed = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...packed, ...more }, undefined, 2));
  await finish(`${dir}/package`, packed);
  return packAgain(`${dir}/package`, dir);
}

/** In `dir`, of a folder or a tarball, as `npm publish` does; returns its path. */
export async function packAgain(built: string, dir: string): Promise<string> {
  const stdout = await npm("pack", "--json", "--pack-destination", dir, built);
  const [{ filename }] = JSON.parse(stdout);
  return `${dir}/${filename}`;
}

/** What npm prints; throws if it fails. */
export function npm(...args: string[]): Promise<string> {
  const command = Deno.build.os === "windows" ? ["cmd", "/c", "npm"] : ["npm"];
  return succeed([...command, ...args, "--loglevel=error"]);
}

/** What a program prints; throws if it fails. */
export async function succeed(command: string[]): Promise<string> {
  const { code, stdout, output } = await run(command);
  if (code !== 0) throw new Error(`${command.join(" ")}:\n${tail(output)}`);
  return stdout;
}

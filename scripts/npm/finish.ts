// Puts into a built package what neither dnt nor `deno pack` does.

import type { Manifest } from "./manifest.ts";

/** Files for people. */
const TEXTS = ["README.md", "LICENSE", "CHANGELOG.md"];

/**
 * What the declarations take for granted, for projects whose own `lib` does not have it yet. JSR lets
 * no source say that of itself.
 */
const LIB = '/// <reference lib="esnext.disposable" />\n';

/** `dir`: the folder of package.json. */
export async function finish(dir: string, { exports }: Manifest): Promise<void> {
  for (const { types } of Object.values(exports)) {
    const text = await Deno.readTextFile(`${dir}/${types}`);
    await Deno.writeTextFile(`${dir}/${types}`, LIB + text);
  }
  for (const file of TEXTS) await Deno.copyFile(file, `${dir}/${file}`);
}

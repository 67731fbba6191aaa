// Loading: how big the library is, minified, and how long a runtime takes to import that.

import { run } from "../scripts/process.ts";
import { MEASURED, sizeOf } from "../scripts/size.ts";
import { bundleLibrary } from "./bundle.ts";
import { typical } from "./measure.ts";
import type { Row } from "./row.ts";

const SAMPLES = 11;

/** `command`: what runs a file of JavaScript. */
export async function loading(command: string[]): Promise<Row[]> {
  const path = await bundleLibrary();
  const ours: number[] = [];
  const limit: number[] = [];
  const empty = await program("empty", "export {}", path);
  for (let sample = 0; sample < SAMPLES; sample++) {
    limit.push(await importTime(command, empty));
    ours.push(await importTime(command, path));
  }
  const sizes: Row[] = [];
  for (const { name, code, most } of MEASURED) {
    const { gzipped } = await sizeOf(code);
    const work = `${name}, minified and gzipped`;
    sizes.push({ work, unit: "bytes", values: { ours: gzipped }, target: { most } });
  }
  return [
    ...sizes,
    {
      work: "import of all of it; limit: of an empty module",
      unit: "ms",
      values: { limit: typical(limit), ours: typical(ours) },
    },
  ];
}

/** In milliseconds, by a new process. */
async function importTime(command: string[], path: string): Promise<number> {
  const code = `const begun = performance.now();
    await import(${JSON.stringify(path)});
    console.log(performance.now() - begun);`;
  const { stdout, output } = await run([...command, await program("import", code, path)]);
  if (Number.isNaN(parseFloat(stdout))) throw new Error(`it cannot be imported: ${output}`);
  return parseFloat(stdout);
}

/** A file beside the bundle. */
async function program(name: string, code: string, beside: string): Promise<string> {
  const path = beside.replace(/[^/]*$/, `${name}.mjs`);
  await Deno.writeTextFile(path, code);
  return path;
}

// Size: how many bytes of the library a page loads, minified and gzipped, and which files they are of.

import { build, stop } from "esbuild";

/** A module that exports that, with its bytes, gzipped. */
export interface Measured {
  name: string;
  code: string;
  /** The target. */
  most: number;
  /** What a test lets it have as long as the target is missed: what it has, and 2 % more. */
  held: number;
}

const POOL = 'export { Pool } from "./mod.ts";';
const PROXY = 'export { Proxy } from "./mod.ts";';
const SCOPES = 'export * from "./scopes/mod.ts";';

export const MEASURED: Measured[] = [
  { name: "Pool", code: POOL, most: 14_000, held: 32_500 },
  { name: "Pool, Proxy and scopes", code: POOL + PROXY + SCOPES, most: 20_000, held: 38_700 },
];

export interface Size {
  /** The bundle, minified. */
  text: string;
  bytes: number;
  gzipped: number;
  /** The minified bytes of each source file that has any, the most first. */
  files: Map<string, number>;
}

/** Bundles a module of that code, beside `mod.ts`. */
export async function sizeOf(code: string): Promise<Size> {
  const { outputFiles: [output], metafile } = await build({
    stdin: { contents: code, resolveDir: Deno.cwd(), loader: "ts" },
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    target: "es2022",
    logLevel: "silent",
  });
  await stop(); // its process would keep this one alive
  const [made] = Object.values(metafile.outputs);
  const files = Object.entries(made!.inputs).map(([file, { bytesInOutput }]) =>
    [file, bytesInOutput] as const
  ).filter(([, bytes]) => bytes > 0).sort(([, a], [, b]) => b - a);
  const { text, contents: { length } } = output!;
  return { text, bytes: length, gzipped: await zipped(text), files: new Map(files) };
}

async function zipped(text: string): Promise<number> {
  const zip = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(zip).arrayBuffer()).byteLength;
}

function figure(bytes: number): string {
  return bytes.toLocaleString("en").padStart(8);
}

if (import.meta.main) {
  for (const { name, code, most } of MEASURED) {
    const { bytes, gzipped, files } = await sizeOf(code);
    const verdict = `at most ${most.toLocaleString("en")}${gzipped <= most ? "" : ": MISSED"}`;
    console.log(`${name}:`);
    for (const [file, bytes] of files) console.log(`${figure(bytes)}  ${file}`);
    console.log(`${figure(bytes)}  minified\n${figure(gzipped)}  gzipped, ${verdict}\n`);
  }
}

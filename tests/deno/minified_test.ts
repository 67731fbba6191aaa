// Minified, a lease still knows what it has handed out (it goes by the text of its functions), and the
// library is as large as the README says.

import { assert, assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { MEASURED, sizeOf } from "../../scripts/size.ts";
import { readPage, tables } from "../helpers/markdown.ts";

const PROGRAM = `
import { Pool } from "./mod.ts";
class Client { query() {} [Symbol.dispose]() {} }
const pool = new Pool(() => new Client());
const lease = await pool.get();
const client = Pool.unwrap(lease);
for (const key of ["query", Symbol.dispose]) lease[key] = lease[key];
await pool.ret(lease);
await pool.shutdown();
const { prototype } = Client;
export const own = ["query", Symbol.dispose].map((key) => client[key] === prototype[key]);
`;

/** By the README's row: what is imported. */
const IMPORTS: Record<string, string> = {
  "`Pool`": `export { Pool } from "./mod.ts";`,
  "`Pool`, `Proxy`, `scopes`": `export * from "./mod.ts"; export * from "./scopes/mod.ts";`,
};

async function minified(contents: string): Promise<Uint8Array<ArrayBuffer>> {
  const { outputFiles: [bundle] } = await build({
    stdin: { contents, resolveDir: ".", loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    target: "esnext",
    logLevel: "silent",
  });
  return bundle!.contents as Uint8Array<ArrayBuffer>;
}

/** By their source. */
const bundles = new Map<string, Uint8Array<ArrayBuffer>>();
for (const code of [PROGRAM, ...Object.values(IMPORTS)]) bundles.set(code, await minified(code));
await stop();

async function gzipped(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}

/** esbuild's own process belongs to no test, and may end in the middle of one. */
const LOOSE = { sanitizeOps: false, sanitizeResources: false };

Deno.test("write-back works in a minified bundle", LOOSE, async () => {
  const code = new TextDecoder().decode(bundles.get(PROGRAM));
  const { own } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  assertEquals(own, [true, true]);
});

Deno.test("README: the sizes are those of the library, within a tenth", LOOSE, async () => {
  const rows = tables(readPage("README.md")).find(([head]) => head?.[1] === "minified")?.slice(1);
  assertEquals(rows?.map(([what]) => what), Object.keys(IMPORTS));
  for (const [what = "", ...told] of rows!) {
    const bytes = bundles.get(IMPORTS[what]!)!;
    const sizes = [bytes.byteLength, await gzipped(bytes)];
    for (const [i, size] of sizes.entries()) {
      const near = Math.abs(size / 1000 / parseFloat(told[i]!) - 1) < 0.1;
      assert(near, `${what} has ${size} bytes, but the README says ${told[i]}`);
    }
  }
});

for (const { name, code, held } of MEASURED) {
  Deno.test(`${name}: no more than ${held} bytes, minified and gzipped`, LOOSE, async () => {
    const { gzipped } = await sizeOf(code);
    assert(gzipped <= held, `${gzipped} bytes: deno task bench:size tells of which files they are`);
  });
}

// Minified, a lease still knows what it has handed out: it goes by the text of its functions.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";

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

Deno.test("write-back works in a minified bundle", async () => {
  const { outputFiles: [bundle] } = await build({
    stdin: { contents: PROGRAM, resolveDir: ".", loader: "ts" },
    bundle: true,
    minify: true,
    format: "esm",
    write: false,
    target: "esnext",
    logLevel: "silent",
  });
  await stop();
  const { own } = await import(`data:text/javascript,${encodeURIComponent(bundle!.text)}`);
  assertEquals(own, [true, true]);
});

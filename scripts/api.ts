// Builds the API reference of all entry points, as pages, into .cache/api.

import { run, tail } from "./process.ts";
import config from "../deno.json" with { type: "json" };

const OUT = ".cache/api";

const entries = Object.values<string>(config.exports);
const args = ["doc", "--html", "--name=@x/proxypool", `--output=${OUT}`, ...entries];
const { code, output } = await run([Deno.execPath(), ...args]);
if (code !== 0) {
  console.error(tail(output));
  Deno.exit(1);
}
console.log(`The reference of ${entries.length} entry points is in ${OUT}/index.html`);

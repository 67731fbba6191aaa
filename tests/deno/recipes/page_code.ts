// Runs the code of a page with a real driver, as it stands but for where the server is.

import config from "../../../deno.json" with { type: "json" };
import { blocks, readPage } from "../../helpers/markdown.ts";

const ROOT = new URL("../../../", import.meta.url);

/** Where the library's entry points are, for code that is elsewhere. */
function resolved(code: string): string {
  const known: Record<string, string> = config.exports;
  return code.replace(/"@x\/proxypool([^"]*)"/g, (_, path) => {
    return JSON.stringify(new URL(known[`.${path}`]!, ROOT).href);
  });
}

/** What is to be put in the place of what; each must be there. */
export type Changes = Record<string, string>;

/**
 * The module that the block of that page is which has all of `words`: with `changes`, and with
 * `exported` for the test.
 */
export async function moduleOf<M>(
  page: string,
  words: string[],
  changes: Changes,
  exported: string[],
): Promise<M> {
  const found = blocks(readPage(page))
    .filter(({ info, text }) => info === "ts" && words.every((word) => text.includes(word)));
  if (found.length !== 1) throw new Error(`${page}: ${found.length} blocks have ${words}`);
  let code = found[0]!.text;
  for (const [old, replacement] of Object.entries(changes)) {
    if (!code.includes(old)) throw new Error(`${page}: nothing like ${old}`);
    code = code.replace(old, () => replacement);
  }
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(path, `${resolved(code)}\nexport { ${exported.join(", ")} };\n`);
    return await import(`file://${path}`);
  } finally {
    await Deno.remove(path);
  }
}

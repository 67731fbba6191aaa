// Puts the page of the dashboard together: observe/dashboard/page/* becomes observe/dashboard/page.ts.

const SOURCES = "observe/dashboard/page";
export const TARGET = "observe/dashboard/page.ts";

/** The module that the sources make. */
export async function pageModule(): Promise<string> {
  const [html, style, script] = await Promise.all(
    ["page.html", "style.css", "client.js"].map((name) => Deno.readTextFile(`${SOURCES}/${name}`)),
  );
  const page = html!
    .replace("<style></style>", () => `<style>${style}</style>`)
    .replace(/(<script[^>]*>)(<\/script>)/, (_, open, close) => `${open}${script}${close}`);
  if (!page.includes(style!) || !page.includes(script!)) throw new Error("page.html has no place");
  return `// Page: what browsers are sent. Made by \`deno task dashboard\` from the files in page/: change those.

/** The page, whole. */
export const PAGE: string = \`${escaped(page)}\`;

/** Its Content-Security-Policy: nothing runs and nothing is loaded but what is in it. */
export const POLICY: string =
  ${JSON.stringify(await policy(style!, script!))};
`;
}

async function policy(style: string, script: string): Promise<string> {
  return [
    "default-src 'none'",
    `script-src '${await hash(script)}'`,
    `style-src '${await hash(style)}'`,
    "connect-src 'self'",
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join("; ");
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `sha256-${new Uint8Array(digest).toBase64()}`;
}

/** As the inside of a template literal. */
function escaped(text: string): string {
  return text.replace(/[\\`]|\$\{/g, (found) => `\\${found}`);
}

if (import.meta.main) await Deno.writeTextFile(TARGET, await pageModule());

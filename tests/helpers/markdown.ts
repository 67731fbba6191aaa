// Reads the project's pages: their blocks of code, links, headings and tables.

/** A fenced block. */
export interface Block {
  page: string;
  line: number;
  /** All that is behind the fence: the language, and what is asked of it. */
  info: string;
  text: string;
}

/** A page, or the comments of a source. */
export interface Page {
  path: string;
  text: string;
}

export function readPage(path: string): Page {
  return { path, text: Deno.readTextFileSync(path) };
}

/** A source's doc comments, where its own lines are. */
export function readComments(path: string): Page {
  const comment = /\/\*\*.*?\*\//gs;
  const source = Deno.readTextFileSync(path);
  const lines = source.split("\n").map(() => "");
  for (const { 0: text, index } of source.matchAll(comment)) {
    const first = source.slice(0, index).split("\n").length - 1;
    text.split("\n").forEach((line, i) => lines[first + i] = line.replace(/^\s*\/?\*+ ?/, ""));
  }
  return { path, text: lines.join("\n") };
}

const FENCE = /^( *)(`{3,}|~{3,})([^\n]*)\n(.*?)^\1\2[ \t]*$/gms;

export function blocks({ path, text }: Page): Block[] {
  return [...text.matchAll(FENCE)].map(({ 3: info = "", 4: code = "", index }) => ({
    page: path,
    line: text.slice(0, index).split("\n").length,
    info: info.trim(),
    text: code,
  }));
}

/** What is left without its blocks of code. */
export function prose({ text }: Page): string {
  return text.replace(FENCE, "");
}

/** Where links lead, as they are written; those in code spans are none. */
export function links(page: Page): string[] {
  const text = prose(page).replace(/`[^`\n]*`/g, "");
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
}

/** The anchors of a page's headings, as GitHub makes them. */
export function anchors(page: Page): string[] {
  const seen = new Map<string, number>();
  return [...prose(page).matchAll(/^#{1,6} +(.+)$/gm)].map(([, title = ""]) => {
    const slug = title.toLowerCase().replace(/[^\p{L}\p{N}\s_-]/gu, "").replaceAll(" ", "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** The rows of all tables, cell by cell, with the headings of their columns first. */
export function tables(page: Page): string[][][] {
  return [...prose(page).matchAll(/(?:^\|.*\|\n)+/gm)].map(([table]) =>
    table.trim().split("\n").filter((_, i) => i !== 1).map(cells)
  );
}

function cells(row: string): string[] {
  return row.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim());
}

/** What stands in code spans. */
export function spans(text: string): string[] {
  return [...text.matchAll(/`([^`\n]+)`/g)].map(([, span = ""]) => span);
}

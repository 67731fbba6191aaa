// Loaded before the examples of the documentation: what they assert must hold, and what they print must be
// what the comments beside say.

/** The block of a document that a call stands in; its lines are not those of what Deno makes of it. */
const BLOCK = /file:\/\/(\S+?)#(\d+)-(\d+)\.\w+:\d+:\d+/;

/** A line that prints, and what it says of that. */
const PRINTS = /console\.log\(.*\/\/ (.+)$/;

/** What differs from run to run is not compared. */
const ABOUT = /^(some|for example)\b/;

/** By its block: what is still to be printed, or may be printed again. */
const told = new Map<string, Map<string, boolean>>();

const { log } = console;

console.assert = (holds?: boolean, ...what: unknown[]): void => {
  if (!holds) throw new Error(`an assertion of an example does not hold ${what.join(" ")}`.trim());
};

console.log = (...values: unknown[]): void => {
  log(...values);
  const block = BLOCK.exec(new Error().stack?.split("\n")[2] ?? "");
  if (block === null) return; // of something that an example calls
  const key = block.slice(1).join(" ");
  if (!told.has(key)) told.set(key, read(block));
  const texts = told.get(key)!;
  const printed = values.map(shown).join(" ");
  const text = texts.has(printed) ? printed : [...texts.keys()].find((text) => ABOUT.test(text));
  if (text === undefined) {
    throw new Error(`an example prints ${printed}, but says ${[...texts.keys()].join(", ")}`);
  }
  texts.set(text, true);
};

function read([, path = "", start, end]: RegExpExecArray): Map<string, boolean> {
  const lines = Deno.readTextFileSync(decodeURIComponent(path)).split("\n");
  return new Map(
    lines.slice(Number(start) - 1, Number(end)).flatMap((line) => {
      const text = PRINTS.exec(line)?.[1];
      return text === undefined ? [] : [[text, false] as const];
    }),
  );
}

function shown(value: unknown): string {
  if (typeof value === "string") return value;
  return Deno.inspect(value, { breakLength: Infinity, compact: true, colors: false });
}

globalThis.addEventListener("unload", () => {
  for (const [block, texts] of told) {
    for (const [text, printed] of texts) {
      if (!printed) throw new Error(`${block}: an example says ${text}, but does not print it`);
    }
  }
});

// Plot: makes bench/plot.svg from the results of the last bench of each runtime, and prints them as
// tables in Markdown.

import { run } from "../scripts/process.ts";
import type { Result } from "./row.ts";
import { queries, ratios, targets } from "./table.ts";

const DIR = "bench/results";
const PICTURE = "bench/plot.svg";
const WORKS: Record<string, string> = {
  "get, call, dispose": "nobody waits",
  "100 tasks over 10 objects, a turn": "100 tasks",
  "10,000 tasks over 10 objects, a turn": "10,000 tasks",
};
const SERIES = ["limit", "ours", "generic-pool", "lightning-pool", "tarn"];
const COLORS = ["#9aa4b2", "#0f9d76", "#d98e32", "#b3654f", "#7d5ba6"];

const BAR = 13;
const GAP = 16;
const LEFT = 110;
const WIDTH = 330;
const TOP = 62;
/** Nanoseconds at both ends of the axis, which is logarithmic. */
const FROM = 30;
const TO = 30_000;

function x(ns: number): number {
  const share = Math.log(ns / FROM) / Math.log(TO / FROM);
  return WIDTH * Math.min(1, Math.max(0, share));
}

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${content}</text>`;
}

/** One runtime's bars, a group for each work. */
function panel({ runtime, rows }: Result, left: number): string {
  const parts = [text(left, TOP - 14, runtime, 'font-weight="bold"')];
  let y = TOP;
  for (const work of Object.keys(WORKS)) {
    const values = rows.find((row) => row.work === work)?.values ?? {};
    for (const [i, name] of SERIES.entries()) {
      const ns = values[name];
      if (ns !== undefined) parts.push(bar(left, y, ns, COLORS[i]!));
      y += BAR;
    }
    y += GAP;
  }
  return parts.join("\n");
}

function bar(left: number, y: number, ns: number, color: string): string {
  const width = x(ns);
  const rect = `<rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="${BAR - 2}" ` +
    `fill="${color}"/>`;
  const figure = Math.round(Number(ns.toPrecision(2))).toLocaleString("en");
  return rect + text(left + width + 4, y + BAR - 4, figure, 'font-size="10"');
}

function legend(): string {
  return SERIES.map((name, i) =>
    `<rect x="${LEFT + i * 130}" y="14" width="11" height="11" fill="${COLORS[i]}"/>` +
    text(LEFT + i * 130 + 16, 24, name)
  ).join("\n");
}

function labels(): string {
  const group = SERIES.length * BAR + GAP;
  return Object.values(WORKS).map((label, i) =>
    text(LEFT - 10, TOP + i * group + SERIES.length * BAR / 2 + 4, label, 'text-anchor="end"')
  ).join("\n");
}

/** Readable on white and on black. */
function picture(results: Result[]): string {
  const width = LEFT + results.length * (WIDTH + 60);
  const height = TOP + Object.keys(WORKS).length * (SERIES.length * BAR + GAP) + 20;
  const panels = results.map((result, i) => panel(result, LEFT + i * (WIDTH + 60)));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12">
<style>text { fill: #1f2430 } @media (prefers-color-scheme: dark) { text { fill: #e6e8ec } }</style>
${legend()}
${labels()}
${panels.join("\n")}
${text(LEFT, height - 8, "nanoseconds for a turn, on a logarithmic axis: shorter is faster")}
</svg>
`;
}

async function read(): Promise<Result[]> {
  const names = [...Deno.readDirSync(DIR)].map(({ name }) => name);
  const files = ["deno.json", "node24.json", "node20.json", "node22.json", "bun.json"];
  const found = files.filter((name) => names.includes(name));
  return await Promise.all(
    found.map(async (name) => JSON.parse(await Deno.readTextFile(`${DIR}/${name}`)) as Result),
  );
}

const results = await read().catch(() => []);
if (results.length === 0) {
  console.error(`no results in ${DIR}: make them by deno task bench:all`);
  Deno.exit(1);
}
await Deno.writeTextFile(PICTURE, picture(results));
await run([Deno.execPath(), "fmt", "--quiet", PICTURE]); // the gate looks at it, too
console.log(`For the README:\n\n${queries(results)}\n\n${ratios(results)}`);
console.log(`\nFor bench/README.md:\n\n${targets(results)}`);
const machines = results.map(({ runtime, machine, date }) => `${runtime}: ${machine}, ${date}`);
console.error(`\n${machines.join("\n")}\n\nThe picture is written to ${PICTURE}`);

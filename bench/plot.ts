// Plot: puts the results of the last bench of each runtime into bench/plot.svg, and as tables into both
// READMEs, between comments that name them.

import { run } from "../scripts/process.ts";
import type { Result } from "./row.ts";
import { peersOf, queries, rates, ratios, targets } from "./table.ts";

const DIR = "bench/results";
const PICTURE = "bench/plot.svg";
const WORKS: Record<string, string> = {
  "get, call, dispose": "nobody waits",
  "100 tasks over 10 objects, a turn": "100 tasks",
  "10,000 tasks over 10 objects, a turn": "10,000 tasks",
};
const SERIES: Record<string, string> = {
  "limit": "#9aa4b2",
  "ours": "#0f9d76",
  "generic-pool": "#d98e32",
  "lightning-pool": "#b3654f",
  "tarn": "#7d5ba6",
  "sequelize-pool": "#4c7fb8",
  "Effect's Pool": "#b8a13c",
};
const COUNT = Object.keys(SERIES).length;
/** What the README shows: the works by which pools differ, and that of which users have many. */
const README = [
  "get, call, dispose",
  "borrow, call, release",
  "use",
  "100 tasks over 10 objects, a turn",
  "10,000 tasks over 10 objects, a turn",
  "100,000 tasks over 10 objects, a turn",
  "heap of a waiting get",
];
const RATES = ["a query, 64 tasks over 8", "a query, 64 tasks, and without a pool"];

const BAR = 13;
const GAP = 16;
const LEFT = 110;
const WIDTH = 330;
const TOP = 62;
const COLUMNS = 2;
const HEIGHT = Object.keys(WORKS).length * (COUNT * BAR + GAP) + 40;
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
function panel({ runtime, rows }: Result, i: number): string {
  const left = LEFT + (i % COLUMNS) * (WIDTH + 60);
  let y = TOP + Math.floor(i / COLUMNS) * HEIGHT;
  const parts = [text(left, y - 14, runtime, 'font-weight="bold"')];
  if (i % COLUMNS === 0) parts.push(labels(y));
  for (const work of Object.keys(WORKS)) {
    const values = rows.find((row) => row.work === work)?.values ?? {};
    for (const [name, color] of Object.entries(SERIES)) {
      const ns = values[name];
      if (ns !== undefined) parts.push(bar(left, y, ns, color));
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
  return Object.entries(SERIES).map(([name, color], i) =>
    `<rect x="${LEFT + i * 110}" y="14" width="11" height="11" fill="${color}"/>` +
    text(LEFT + i * 110 + 16, 24, name)
  ).join("\n");
}

function labels(top: number): string {
  const group = COUNT * BAR + GAP;
  return Object.values(WORKS).map((label, i) =>
    text(LEFT - 10, top + i * group + COUNT * BAR / 2 + 4, label, 'text-anchor="end"')
  ).join("\n");
}

/** Readable on white and on black. */
function picture(results: Result[]): string {
  const width = LEFT + COLUMNS * (WIDTH + 60);
  const height = TOP + Math.ceil(results.length / COLUMNS) * HEIGHT;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12">
<style>text { fill: #1f2430 } @media (prefers-color-scheme: dark) { text { fill: #e6e8ec } }</style>
${legend()}
${results.map(panel).join("\n")}
${text(LEFT, height - 8, "nanoseconds for a turn, on a logarithmic axis: shorter is faster")}
</svg>
`;
}

/** The one of all peers that the ratios are to, in words. */
function fastest(results: Result[]): string {
  const peers = peersOf(results, "get, call, dispose");
  return `the fastest of ${peers.slice(0, -1).join(", ")} and ${peers.at(-1)}`;
}

/** Where and when, in words; the load is for those who look at the results. */
function origin(results: Result[]): string {
  const told = ({ machine, date }: Result) => {
    const month = new Date(date).toLocaleString("en", { month: "long", year: "numeric" });
    return `${machine.replace(/, load.*/, "")} (${month})`;
  };
  return [...new Set(results.map(told))].join("; ");
}

/** Replaces what stands between two comments of that name. */
async function put(path: string, name: string, content: string): Promise<void> {
  const [from, to] = [`<!-- bench: ${name} -->`, `<!-- end of ${name} -->`];
  const page = await Deno.readTextFile(path);
  const [begin, end] = [page.indexOf(from), page.indexOf(to)];
  if (begin < 0 || end < begin) throw new Error(`${path} has no ${from} and ${to}`);
  const text = `${page.slice(0, begin)}${from}\n\n${content}\n\n${page.slice(end)}`;
  await Deno.writeTextFile(path, text);
}

async function read(): Promise<Result[]> {
  const names = [...Deno.readDirSync(DIR)].map(({ name }) => name);
  const files = ["deno.json", "node20.json", "node22.json", "node24.json", "bun.json"];
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
await put(
  "README.md",
  "ratios",
  `The figures are the time of ${
    fastest(results)
  }, divided by ours. Each has an acquire timeout of 30 s:

${ratios(results, README)}

All are measured in one run for each runtime, by turns: ${origin(results)}.`,
);
await put("README.md", "queries", queries(results));
await put(
  "bench/README.md",
  "targets",
  `\`peer\` is ${fastest(results)}. Results of ${origin(results)}:

${targets(results)}`,
);
await put("bench/README.md", "rates", rates(results, RATES));
// The gate looks at them, too.
await run([Deno.execPath(), "fmt", "--quiet", PICTURE, "README.md", "bench/README.md"]);
const machines = results.map(({ runtime, machine, date }) => `${runtime}: ${machine}, ${date}`);
console.log(`${machines.join("\n")}\n\nwritten to README.md, bench/README.md and ${PICTURE}`);

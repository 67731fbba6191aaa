// Table: the rows of one runtime as text, for people, or as Markdown.

import { holds, relate, type Relation, type Result, type Row, type Target } from "./row.ts";

const HEAD = ["", "ours", "limit", "best peer", "× peer", "× limit", "target", ""];

export function cells(row: Row): string[] {
  const { ours, limit, peer } = relate(row);
  const ok = holds(row);
  return [
    row.work,
    `${figure(ours)} ${row.unit}`,
    limit === undefined ? "" : figure(limit),
    peer ? `${figure(peer.value)} ${peer.name}` : "",
    peer ? (peer.value / ours).toFixed(2) : "",
    limit === undefined ? "" : (ours / limit).toFixed(2),
    row.target ? aim(row.target, row.unit) : "",
    ok === undefined ? "" : ok ? "ok" : "MISSED",
  ];
}

function aim({ peer, limit, over, most }: Target, unit: string): string {
  const parts = [
    peer && `≥ ${peer}× peer`,
    limit && `≤ ${limit}× limit`,
    over && `≤ limit + ${over} ${unit}`,
    most && `≤ ${figure(most)} ${unit}`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** Three digits are more than any of these measurements is good for. */
function figure(value: number): string {
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 5 });
}

/** The first column to the left, all others to the right. */
export function columns(lines: string[][]): string {
  const widths = lines[0]!.map((_, i) => Math.max(...lines.map((line) => line[i]!.length)));
  return lines.map((line) =>
    line.map((cell, i) => i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)).join("  ")
      .trimEnd()
  ).join("\n");
}

export function table({ runtime, machine, rows }: Result): string {
  return `${runtime}, ${machine}\n\n${columns([HEAD, ...rows.map(cells)])}`;
}

/** Of all runtimes, what users feel: how many times the fastest peer takes of ours, in these works. */
export function ratios(results: Result[], works: string[]): string {
  const lines = works.map((work) => [
    work,
    ...results.map(({ rows }) => {
      const { ours = NaN, peer } = relation(rows, work) ?? {};
      return peer ? times(peer.value / ours) : "";
    }),
  ]);
  const found = lines.filter(([, ...cells]) => cells.some(Boolean));
  return inMarkdown([headOf("work", results), ...found]);
}

/** Of all runtimes, how often a second each competitor does one of these works. */
export function rates(results: Result[], works: string[]): string {
  const names = (work: string) => Object.keys(results[0]!.rows.find(isOf(work))?.values ?? {});
  const lines = works.flatMap((work) =>
    names(work).map((name) => [
      `${work}: ${name}`,
      ...results.map(({ rows }) => figure(1e9 / (rows.find(isOf(work))?.values[name] ?? NaN))),
    ])
  );
  return inMarkdown([headOf("a second", results), ...lines]);
}

/** Those whom ours is measured against, in that work. */
export function peersOf(results: Result[], work: string): string[] {
  const values = results.flatMap(({ rows }) => rows.filter(isOf(work)).map(({ values }) => values));
  const names = values.flatMap((each) => Object.keys(each));
  return [...new Set(names)].filter((name) => !/^(ours|limit)/.test(name));
}

function isOf(work: string): (row: Row) => boolean {
  return (row) => row.work === work;
}

function relation(rows: Row[], work: string): Relation | undefined {
  const row = rows.find(isOf(work));
  return row && relate(row);
}

function headOf(first: string, results: Result[]): string[] {
  return [first, ...results.map(({ runtime }) => runtime)];
}

/** Near 1 a tenth is too little to tell by. */
function times(ratio: number): string {
  return `${ratio.toFixed(ratio < 2 ? 2 : 1)}×`;
}

const QUERIES = {
  "time": "a query, 64 tasks over 8",
  "processor time": "a query, CPU time, 64 tasks over 8",
};

/** Of all runtimes: what a query through ours takes, as a multiple of what one through pg-pool takes. */
export function queries(results: Result[]): string {
  const lines = Object.entries(QUERIES).map(([name, work]) => [
    name,
    ...results.map(({ rows }) => {
      const { ours = NaN, "pg-pool": peer = NaN } = rows.find(isOf(work))?.values ?? {};
      return `${(ours / peer).toFixed(2)}×`;
    }),
  ]);
  return inMarkdown([headOf("a query, over pg-pool's", results), ...lines]);
}

/** Of all runtimes, the targets only. */
export function targets(results: Result[]): string {
  const [work = "", ...runtimes] = headOf("work", results);
  const head = [work, "target", ...runtimes];
  const works = results[0]?.rows.filter(({ target }) => target) ?? [];
  const lines = works.map(({ work, target, unit }) => [
    work,
    aims(work, target!, unit, results),
    ...results.map(({ rows }) => brief(rows.find((row) => row.work === work))),
  ]);
  return inMarkdown([head, ...lines]);
}

function inMarkdown([head = [], ...lines]: string[][]): string {
  return [head, head.map(() => "---"), ...lines].map((line) => `| ${line.join(" | ")} |`)
    .join("\n");
}

/** A target, which may be another on some runtimes. */
function aims(work: string, target: Target, unit: string, results: Result[]): string {
  const others = results.flatMap(({ runtime, rows }) => {
    const other = rows.find((row) => row.work === work)?.target;
    const text = other && aim(other, unit);
    return text && text !== aim(target, unit) ? [`${text} on ${runtime.split(" ")[0]}`] : [];
  });
  return [...new Set([aim(target, unit), ...others])].join("; ");
}

/** Our value, and how it relates to what it was to be. */
function brief(row: Row | undefined): string {
  if (row?.target === undefined) return "";
  const { ours, limit = NaN, peer } = relate(row);
  const { peer: faster, limit: most, over } = row.target;
  const relations = [
    faster && `${times(peer!.value / ours)} peer`,
    most && `${(ours / limit).toFixed(2)}× limit`,
    over && `limit + ${figure(ours - limit)} ${row.unit}`,
  ].filter(Boolean);
  const text = relations.length > 0 ? relations.join(", ") : `${figure(ours)} ${row.unit}`;
  return `${holds(row) ? "met" : "**missed**"}: ${text}`;
}

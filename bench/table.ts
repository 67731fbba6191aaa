// Table: the rows of one runtime as text, for people, or as Markdown.

import { holds, relate, type Result, type Row, type Target } from "./row.ts";

const HEAD = ["", "ours", "limit", "best peer", "× peer", "× limit", "target", ""];

export function cells(row: Row): string[] {
  const { ours, limit, peer } = relate(row);
  const ok = holds(row);
  return [
    row.work,
    `${figure(ours)} ${row.unit}`,
    limit === undefined ? "" : figure(limit),
    peer ? `${figure(peer.value)} ${peer.name}` : "",
    peer ? (peer.value / ours).toFixed(1) : "",
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
    most && `≤ ${most} ${unit}`,
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

/** Of all runtimes, what users feel: how many times the fastest peer takes of ours. */
export function ratios(results: Result[]): string {
  const head = ["work", ...results.map(({ runtime }) => runtime)];
  const works = results[0]?.rows.filter((row) => relate(row).peer !== undefined) ?? [];
  const lines = works.map(({ work }) => [
    work,
    ...results.map(({ rows }) => {
      const row = rows.find((row) => row.work === work);
      const { ours = NaN, peer } = row ? relate(row) : {};
      return peer ? `${(peer.value / ours).toFixed(1)}× ${peer.name}` : "";
    }),
  ]);
  return inMarkdown([head, ...lines]);
}

/** Of all runtimes: what a query through ours takes, as a multiple of what one through pg-pool takes. */
export function queries(results: Result[]): string {
  const head = ["a query, over pg-pool's", ...results.map(({ runtime }) => runtime)];
  const works = results[0]?.rows.filter(({ values }) => "pg-pool" in values) ?? [];
  const lines = works.map(({ work }) => [
    work.includes("CPU") ? "processor time" : "time",
    ...results.map(({ rows }) => {
      const { ours = NaN, "pg-pool": peer = NaN } = rows.find((row) => row.work === work)?.values ??
        {};
      return `${(ours / peer).toFixed(2)}×`;
    }),
  ]);
  return inMarkdown([head, ...lines]);
}

/** Of all runtimes, the targets only. */
export function targets(results: Result[]): string {
  const head = ["work", "target", ...results.map(({ runtime }) => runtime)];
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

/** A target, which may be another on Bun. */
function aims(work: string, target: Target, unit: string, results: Result[]): string {
  const others = results.flatMap(({ runtime, rows }) => {
    const other = rows.find((row) => row.work === work)?.target;
    const text = other && aim(other, unit);
    return text && text !== aim(target, unit) ? [`${text} on ${runtime.split(" ")[0]}`] : [];
  });
  return [aim(target, unit), ...others].join("; ");
}

/** Our value, and how it relates to what it was to be. */
function brief(row: Row | undefined): string {
  if (row?.target === undefined) return "";
  const { ours, limit = NaN, peer } = relate(row);
  const { peer: faster, limit: most, over } = row.target;
  const relations = [
    faster && `${(peer!.value / ours).toFixed(1)}× peer`,
    most && `${(ours / limit).toFixed(2)}× limit`,
    over && `limit + ${figure(ours - limit)} ${row.unit}`,
  ].filter(Boolean);
  const text = relations.length > 0 ? relations.join(", ") : `${figure(ours)} ${row.unit}`;
  return holds(row) ? text : `**missed**: ${text}`;
}

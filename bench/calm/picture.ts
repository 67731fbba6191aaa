// Picture: what was found over time, a column for each scene, a row for each measure.

import type { Run } from "./job.ts";
import type { Counts } from "./timeline.ts";
import { BIN, PATIENCE, POOLS } from "./settings.ts";

/** In the order of POOLS. The last one is drawn first and is the widest: the others leave it in sight. */
const LINES = [
  'stroke="#0f9d76" stroke-width="2.5"',
  'stroke="#0f9d76" stroke-width="1.5" stroke-dasharray="4 3"',
  'stroke="#d98e32" stroke-width="1.3"',
  'stroke="#8d68bb" stroke-width="2.2"',
  'stroke="#3f7fd0" stroke-width="3.2"',
];

const LEFT = 142;
const TOP = 78;
const WIDTH = 170;
const HEIGHT = 78;
const GAP_X = 14;
const GAP_Y = 20;

/** One row: a measure, and its axis. */
interface Measure {
  label: string;
  unit: string;
  value(bin: Counts): number | null;
  ticks: number[];
  /** Of the logarithm of one more: 0 has its place, too. */
  logarithmic?: boolean;
}

const perSecond = (count: number) => count * 1000 / BIN;

const MEASURES: Measure[] = [
  {
    label: "served in time",
    unit: "a second",
    value: ({ served }) => perSecond(served),
    ticks: [0, 100, 200],
  },
  {
    label: "refused",
    unit: "a second",
    value: ({ refused }) => perSecond(refused),
    ticks: [0, 10, 100, 1_000, 10_000],
    logarithmic: true,
  },
  {
    label: "given up",
    unit: "a second",
    value: ({ late }) => perSecond(late),
    ticks: [0, 10, 100, 1_000],
    logarithmic: true,
  },
  { label: "wait, median", unit: "ms", value: ({ p50 }) => p50, ticks: [0, 500, PATIENCE] },
  { label: "wait, p99", unit: "ms", value: ({ p99 }) => p99, ticks: [0, 500, PATIENCE] },
  {
    label: "connects",
    unit: "a second",
    value: ({ connects }) => perSecond(connects),
    ticks: [0, 10, 100, 1_000, 10_000],
    logarithmic: true,
  },
];

function text(x: number, y: number, content: string, more = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${more}>${content}</text>`;
}

/** From the upper edge of its panel. */
function height({ ticks, logarithmic }: Measure, value: number): number {
  const scale = (value: number) => logarithmic ? Math.log1p(value) : value;
  const most = scale(ticks.at(-1)!) * 1.1;
  return HEIGHT * (1 - Math.min(1, scale(value) / most));
}

/** Broken where there is nothing to show. */
function line(measure: Measure, { pool, bins, phases }: Run): string {
  const total = phases.before + phases.during + phases.after;
  let pen = "M";
  const path = bins.map((bin, i) => {
    const value = measure.value(bin);
    const x = (i + 0.5) * BIN / total * WIDTH;
    const step = value === null ? "" : `${pen}${x.toFixed(1)} ${height(measure, value).toFixed(1)}`;
    pen = value === null ? "M" : "L";
    return step;
  }).join("");
  return `<path d="${path}" ${LINES[POOLS.indexOf(pool)]}/>`;
}

/** One scene and one measure; ours is drawn last, on top of the others. */
function panel(measure: Measure, runs: Run[], left: number, top: number): string {
  const { before, during, after } = runs[0]!.phases;
  const scale = WIDTH / (before + during + after);
  const grid = measure.ticks.map((tick) => {
    const y = height(measure, tick).toFixed(1);
    return `<path d="M0 ${y}H${WIDTH}" stroke="#9aa4b2" stroke-opacity="0.35"/>`;
  });
  const order = runs.toSorted((a, b) => POOLS.indexOf(b.pool) - POOLS.indexOf(a.pool));
  return `<g transform="translate(${left} ${top})" fill="none" stroke-linejoin="round">
<rect x="${before * scale}" width="${
    during * scale
  }" height="${HEIGHT}" fill="#9aa4b2" fill-opacity="0.18"/>
${grid.join("\n")}
${order.map((run) => line(measure, run)).join("\n")}
</g>`;
}

function title({ scene, load, phases }: Run): string {
  return scene === "outage" ? `outage of ${phases.during / 1000} s` : `load ${load} × capacity`;
}

function seconds({ phases: { before, during, after } }: Run, left: number, top: number): string {
  const total = before + during + after;
  return [before, before + during].map((ms) =>
    text(left + ms / total * WIDTH, top, `${ms / 1000} s`, 'text-anchor="middle" font-size="10"')
  ).join("\n");
}

function axis(measure: Measure, top: number): string {
  const ticks = measure.ticks.map((tick) =>
    text(
      LEFT - 6,
      top + height(measure, tick) + 3.5,
      tick.toLocaleString("en"),
      'text-anchor="end" font-size="10"',
    )
  );
  return [
    text(4, top + HEIGHT / 2, measure.label, 'font-weight="bold"'),
    text(4, top + HEIGHT / 2 + 15, measure.unit),
    ...ticks,
  ].join("\n");
}

function legend(): string {
  return POOLS.map((name, i) => {
    const x = LEFT + i * 150;
    return `<path d="M${x} 20h24" fill="none" ${LINES[i]}/>${text(x + 30, 24, name)}`;
  }).join("\n");
}

/** Readable on white and on black. */
export function picture(runs: Run[]): string {
  const scenes = [...Map.groupBy(runs, title)];
  const width = LEFT + scenes.length * (WIDTH + GAP_X);
  const bottom = TOP + MEASURES.length * (HEIGHT + GAP_Y);
  const x = (i: number) => LEFT + i * (WIDTH + GAP_X);
  const y = (i: number) => TOP + i * (HEIGHT + GAP_Y);
  const parts = [
    legend(),
    ...scenes.map(([title], i) => text(x(i), TOP - 14, title, 'font-weight="bold"')),
    ...MEASURES.map((measure, row) => axis(measure, y(row))),
    ...MEASURES.flatMap((measure, row) =>
      scenes.map(([_, runs], i) => panel(measure, runs, x(i), y(row)))
    ),
    ...scenes.map(([_, [run]], i) => seconds(run!, x(i), bottom - 4)),
  ];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${bottom + 10}" ` +
    `font-family="system-ui, sans-serif" font-size="12">
<style>text { fill: #1f2430 } @media (prefers-color-scheme: dark) { text { fill: #e6e8ec } }</style>
${parts.join("\n")}
</svg>
`;
}

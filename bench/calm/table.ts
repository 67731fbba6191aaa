// Table: what was found, as text.

import { columns } from "../table.ts";
import type { Run } from "./job.ts";
import type { Result } from "./results.ts";
import { BIN } from "./settings.ts";

/** An event loop that has stood still for longer, in ms, was kept from its work by another program. */
const STALL = 150;

type Column = [head: string, cell: (run: Run) => string];

/**
 * Calls served in time, as a share of those that came, or of what the server could serve if that is
 * less; of the overload after that share of it.
 */
function useful({ capacity, phases: { before, during }, bins }: Run, after = 0): string {
  const counted = bins.slice(Math.ceil((before + during * after) / BIN), (before + during) / BIN);
  const sum = (name: "served" | "asked") => counted.reduce((sum, bin) => sum + bin[name], 0);
  const most = Math.min(sum("asked"), capacity * counted.length * BIN / 1000);
  return `${figure(100 * sum("served") / most)} %`;
}

/** How often that was, a second, during the phase. */
function rate(count: (run: Run) => number): (run: Run) => string {
  return (run) => figure(count(run) * 1000 / run.phases.during);
}

function figure(value: number): string {
  return value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 1 : 0 });
}

/** In whole milliseconds. */
function ms(value: number | null): string {
  return value === null ? "-" : figure(Math.round(value));
}

const POOL: Column = ["", ({ pool }) => pool];
const RATES: Column[] = [
  ["served/s", rate(({ counts }) => counts.during.served)],
  ["refused/s", rate(({ counts }) => counts.during.refused)],
  ["given up/s", rate(({ counts }) => counts.during.late)],
  ["connects/s", rate(({ counts }) => counts.during.connects)],
];
const OUTAGE: Column[] = [
  POOL,
  ...RATES,
  ["connects", ({ counts }) => figure(counts.during.connects)],
  ["first served after", ({ firstServed }) => ms(firstServed)],
  ["all served after", ({ troubled }) => ms(troubled)],
];
const OVERLOAD: Column[] = [
  POOL,
  ["load", ({ load }) => `${load} ×`],
  ["useful", (run) => useful(run)],
  ["2nd half", (run) => useful(run, 0.5)],
  ...RATES,
  ["wait p50", ({ counts }) => ms(counts.during.p50)],
  ["wait p99", ({ counts }) => ms(counts.during.p99)],
  ["all served after", ({ troubled }) => ms(troubled)],
];

function rows(runs: Run[], all: Column[]): string {
  const head = all.map(([head]) => head);
  return columns([head, ...runs.map((run) => all.map(([_, cell]) => cell(run)))]);
}

/** A table for each scene, and for each `timeout` of the pools. */
export function tables({ runtime, machine, capacity, runs }: Result): string {
  const outages = runs.filter(({ scene }) => scene === "outage");
  const overloads = runs.filter(({ scene }) => scene === "overload");
  const stall = Math.max(...runs.map(({ stall }) => stall));
  const worth = stall > STALL ? ": the machine is too busy for these figures to be of worth" : "";
  return [
    `${runtime}, ${machine}; capacity ${capacity}/s`,
    `The longest stall of an event loop: ${stall} ms${worth}`,
    `An outage of ${outages[0]!.phases.during / 1000} s, and ms after the server is back`,
    rows(outages, OUTAGE),
    ...[...Map.groupBy(overloads, ({ timeout }) => timeout)].flatMap(([timeout, runs]) => [
      `Overload for ${
        runs[0]!.phases.during / 1000
      } s, timeout ${timeout} ms, and ms after its end`,
      rows(runs, OVERLOAD),
    ]),
  ].join("\n\n");
}

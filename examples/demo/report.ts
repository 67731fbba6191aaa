// What the user sees: progress on stderr, and the table.
import { gain } from "./gain.ts";
import type { Result } from "./measure.ts";

const encoder = new TextEncoder();
const terminal = Deno.stderr.isTerminal() && Deno.env.get("TERM") !== "dumb";

/** A bar that redraws itself on a terminal, and nothing elsewhere. */
export function progress(label: string, total: number): (done: number) => void {
  let drawn = -Infinity;
  return (done) => {
    const now = performance.now();
    if (!terminal || (done < total && now - drawn < 100)) return;
    drawn = now;
    draw(`${label.padEnd(24)} ${bar(done / total)} ${done}/${total}`);
  };
}

/** A line that stays. */
export function line(text: string): void {
  draw("");
  console.error(text);
}

/** A line for somebody who watches: a log gets only results, or the one line of an error. */
export function hint(text: string): void {
  if (terminal) line(text);
}

/** Tells what is loaded, if that takes long: most likely it is fetched. */
export async function patiently<R>(what: string, loading: Promise<R>): Promise<R> {
  const text = `Loading ${what}; the first time it is fetched from npm …`;
  const timer = setTimeout(() => hint(text), 1_000);
  try {
    return await loading;
  } finally {
    clearTimeout(timer);
  }
}

export function table(results: Result[]): string {
  const rows = [
    ["", ...results.map((r) => r.phase.name)],
    ["requests", ...results.map((r) => String(r.latencies.length))],
    ["requests/s", ...results.map((r) => rate(r).toFixed(0))],
    ["p50 ms", ...results.map((r) => ms(percentile(r.latencies, 0.5)))],
    ["p99 ms", ...results.map((r) => ms(percentile(r.latencies, 0.99)))],
    ["connections opened", ...results.map((r) => String(r.opened))],
    ["most open at once", ...results.map((r) => String(r.mostOpen))],
    ["errors", ...results.map((r) => String(r.errors.length))],
    ["leaked", ...results.map((r) => String(r.leaked))],
  ];
  const widths = results.map((r) => Math.max(r.phase.name.length, 8) + 4);
  return rows.map(([head = "", ...cells]) =>
    head.padEnd(20) + cells.map((cell, i) => cell.padStart(widths[i] ?? 0)).join("")
  ).join("\n");
}

/** What the second has gained over the first. */
export function comparison([direct, pooled]: Result[]): string {
  if (!direct || !pooled) return "";
  const p99 = (result: Result) => percentile(result.latencies, 0.99) ?? NaN;
  return gain(rate(pooled) / rate(direct), p99(pooled) / p99(direct));
}

function rate({ latencies, seconds }: Result): number {
  return latencies.length / seconds;
}

function ms(latency: number | undefined): string {
  return latency?.toFixed(1) ?? "-";
}

/** Nearest rank: a latency that some request really had. */
function percentile(latencies: number[], p: number): number | undefined {
  const sorted = latencies.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * p) - 1)];
}

function bar(share: number): string {
  const full = Math.round(share * 24);
  const text = "█".repeat(full);
  return (Deno.noColor ? text : `\x1b[32m${text}\x1b[0m`) + "░".repeat(24 - full);
}

function draw(text: string): void {
  if (terminal) Deno.stderr.writeSync(encoder.encode(`\r${text}\x1b[K`));
}

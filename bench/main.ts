// Measures the pool beside the limit, in one process, and prints a table of medians.

import { measure } from "mitata";
import { limit, ours, type Work } from "./work.ts";

/** The median, in nanoseconds for doing it once. */
async function median(work: Work): Promise<number> {
  const { p50 } = await measure(() => work.run(), { min_cpu_time: 500 * 1e6 });
  return p50 / work.times;
}

function row(name: string, ...cells: string[]): string {
  return name.padEnd(30) + cells.map((cell) => cell.padStart(12)).join("");
}

const floor = await median(limit());
console.log(row("", "ns", "x limit"));
console.log(row("limit: async pop and push", floor.toFixed(0), "1.00"));
for (const work of ours()) {
  const ns = await median(work);
  console.log(row(work.name, ns.toFixed(0), (ns / floor).toFixed(2)));
}

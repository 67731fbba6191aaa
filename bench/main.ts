// Measures everything on whatever runtime this is, and writes what it found to the file that it is given.

import { writeFile } from "node:fs/promises";
import { availableParallelism, cpus, loadavg } from "node:os";
import process from "node:process";
import { handingOn } from "./arguments.ts";
import { deferred, immediate, tryGets } from "./calls.ts";
import { hooked } from "./hooks.ts";
import { resized, round } from "./housekeeping.ts";
import { leased } from "./leasing.ts";
import { borrows, tasks, turns, uses } from "./lending.ts";
import { leases, waiters } from "./memory.ts";
import { observed } from "./observed.ts";
import { postgres } from "./postgres.ts";
import type { Result, Row } from "./row.ts";
import { busy, runtime } from "./runtime.ts";
import { stalls } from "./stalls.ts";
import { cells } from "./table.ts";
import { callbacks } from "./using.ts";
import { givenUp } from "./waiting.ts";

/** Frames come last: once there was one, Node 20 makes every promise dearer. */
const PARTS: Record<string, () => Promise<Row> | AsyncGenerator<Row>> = {
  turns: () => turns(),
  borrows: () => borrows(),
  uses: () => uses(),
  callbacks,
  tryGets,
  observed,
  tasks,
  hooked,
  givenUp,
  round,
  resized,
  stalls,
  waiters: () => waiters(),
  leases,
  postgres,
  immediate,
  deferred,
};

/** Those that only answer a question, by name. */
const ASKED: typeof PARTS = { arguments: handingOn, leased };

/** The file for the result; then the names of parts, by default all. */
const [, , file = "", ...wanted] = process.argv;

const machine = `${cpus()[0]?.model ?? "?"}, ${availableParallelism()} cores, load ` +
  loadavg()[0]!.toFixed(1) +
  (busy ? ", busy: lowest tenth of processor time" : "");
const rows: Row[] = [];
const parts = wanted.length === 0 ? PARTS : { ...PARTS, ...ASKED };
for (const [name, part] of Object.entries(parts)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const found = part();
  for await (const row of Symbol.asyncIterator in found ? found : [found]) {
    rows.push(row);
    console.log(`  ${cells(row).filter(Boolean).join("   ")}`);
  }
}
const result: Result = { runtime, machine, date: new Date().toISOString(), rows };
await writeFile(file, JSON.stringify(result, null, 2) + "\n");
process.exit(); // some peers' timers would go on

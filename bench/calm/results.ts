// Results: all runs as data, and how they are kept in a file: a line for each count of all measures.

import type { Run } from "./job.ts";
import type { Counts } from "./timeline.ts";

/** All runs of one program. */
export interface Result {
  runtime: string;
  machine: string;
  date: string;
  /** What ten connections without a pool do, a second. */
  capacity: number;
  runs: Run[];
}

const COLUMNS = ["asked", "served", "refused", "late", "connects", "p50", "p99"] as const;

type Line = (number | null)[];

/** What the file has. */
interface Kept extends Omit<Result, "runs"> {
  columns: readonly (keyof Counts)[];
  runs: (Omit<Run, "counts" | "bins"> & {
    counts: { before: Line; during: Line; after: Line };
    bins: Line[];
  })[];
}

function pack(counts: Counts): Line {
  return COLUMNS.map((name) => counts[name]);
}

export function toText(result: Result): string {
  const runs = result.runs.map(({ counts: { before, during, after }, bins, ...run }) => ({
    ...run,
    counts: { before: pack(before), during: pack(during), after: pack(after) },
    bins: bins.map(pack),
  }));
  const kept: Kept = { ...result, columns: COLUMNS, runs };
  return JSON.stringify(kept);
}

export function fromText(text: string): Result {
  const { columns, runs, ...rest }: Kept = JSON.parse(text);
  const unpack = (line: Line) =>
    Object.fromEntries(columns.map((name, i) => [name, line[i]])) as unknown as Counts;
  return {
    ...rest,
    runs: runs.map(({ counts: { before, during, after }, bins, ...run }) => ({
      ...run,
      counts: { before: unpack(before), during: unpack(during), after: unpack(after) },
      bins: bins.map(unpack),
    })),
  };
}

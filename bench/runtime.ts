// What the runtimes do differently that measuring needs.

import process from "node:process";

interface Globals {
  gc?(): void;
  Bun?: { version: string; gc(force: boolean): void };
  Deno?: { version: { deno: string } };
}

const { gc, Bun, Deno } = globalThis as unknown as Globals;

/** The runtime's name and version. */
export const runtime: string = Deno
  ? `deno ${Deno.version.deno}`
  : Bun
  ? `bun ${Bun.version}`
  : `node ${process.versions.node}`;

/** Collects all garbage, now. */
export function collect(): void {
  if (Bun) Bun.gc(true);
  else if (gc) gc();
  else throw new Error("no garbage collector to call: start with --expose-gc");
}

// JavaScriptCore counts what it has on its heap only for those who ask it; `memoryUsage` counts pages.
const jsc = Bun && await import("bun:jsc" as string) as { heapStats(): { heapSize: number } };

/** Bytes of all that is alive. */
export function heapBytes(): number {
  for (let i = 0; i < 3; i++) collect();
  return jsc ? jsc.heapStats().heapSize : process.memoryUsage().heapUsed;
}

/**
 * BENCH_BUSY=1: the machine has other things to do, which no median outweighs. Then it is the
 * processor's time that counts, and the lowest tenth of the samples: good for finding what is slow, not
 * to be published.
 */
export const busy = Boolean(process.env.BENCH_BUSY);

/** Nanoseconds since some moment; of the processor's time those of all threads of this process. */
export const now: () => number = busy ? processor : () => performance.now() * 1e6;

function processor(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1e3;
}

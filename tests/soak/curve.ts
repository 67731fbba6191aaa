// The heap of a soak over time, and whether it is flat.

/** What was alive after a garbage collection. */
export interface Sample {
  gets: number;
  bytes: number;
}

/** How much higher than the first third the last one may be: what is in flight varies. */
const FACTOR = 1.05;
/** In bytes: what is compiled on the way. */
const MARGIN = 2 ** 19;
const WIDTH = 50;

/** A line for each sample. */
export function drawn(samples: readonly Sample[]): string {
  const most = Math.max(...samples.map(({ bytes }) => bytes));
  return samples.map(({ gets, bytes }) => {
    const bar = "█".repeat(Math.round(bytes / most * WIDTH)).padEnd(WIDTH);
    return `${String(gets).padStart(9)} gets  ${bar}  ${megabytes(bytes)}`;
  }).join("\n");
}

/** Whether the heap has grown, by the medians of the first and the last third. */
export function verdict(samples: readonly Sample[]): { flat: boolean; text: string } {
  const third = Math.floor(samples.length / 3);
  const [first, last] = [median(samples.slice(0, third)), median(samples.slice(-third))];
  const flat = last <= first * FACTOR + MARGIN;
  const text = `${flat ? "flat" : "GROWS"}: ${megabytes(first)} in the first third, ` +
    `${megabytes(last)} in the last (medians)`;
  return { flat, text };
}

function median(samples: readonly Sample[]): number {
  const sorted = samples.map(({ bytes }) => bytes).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`;
}

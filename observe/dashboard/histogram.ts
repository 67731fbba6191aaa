// Histogram: durations of the last minute, in buckets that grow with the duration.

/** Durations are counted in sixteenths of a millisecond. */
const UNITS = 16;

/** Up to this many units each unit has its own bucket; then each doubling has eight. */
const EXACT = 16;
const PER_DOUBLING = 8;
const BUCKETS = EXACT + 27 * PER_DOUBLING;

/** Old durations are dropped in pieces of this many seconds. */
const PIECE = 5;
const PIECES = 12;

/** The summary of a histogram. Durations in ms. */
export interface Spread {
  readonly count: number;
  /** The percentiles 50, 90 and 99; at most an eighth too long. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** How many took under 1 ms, under 2 ms, under 4 ms …, up to the longest. */
  readonly bars: readonly number[];
}

/** Counts without allocating anything. */
export class Histogram {
  readonly #pieces = Array.from({ length: PIECES }, () => new Uint32Array(BUCKETS));
  #current = this.#pieces[0]!;
  #piece = 0;

  /** Counts a duration. */
  count(ms: number): void {
    this.#current[bucketOf(ms)]!++;
  }

  /** Sets the present second: drops durations older than a minute. */
  turn(second: number): void {
    const piece = Math.floor(second / PIECE);
    const passed = piece - this.#piece;
    if (passed === 0) return;
    const first = passed < 0 || passed > PIECES ? piece - PIECES + 1 : this.#piece + 1;
    for (let i = first; i <= piece; i++) this.#pieces[i % PIECES]!.fill(0);
    this.#piece = piece;
    this.#current = this.#pieces[piece % PIECES]!;
  }

  /** The summary of the last minute. */
  get spread(): Spread {
    const all = new Array<number>(BUCKETS).fill(0);
    let count = 0;
    for (const piece of this.#pieces) {
      for (let i = 0; i < BUCKETS; i++) {
        all[i]! += piece[i]!;
        count += piece[i]!;
      }
    }
    const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => quantile(all, Math.ceil(part * count)));
    return { count, p50: p50!, p90: p90!, p99: p99!, bars: barsOf(all) };
  }
}

function bucketOf(ms: number): number {
  const units = ms * UNITS;
  if (!(units >= EXACT)) return units > 0 ? units | 0 : 0;
  if (units >= 2 ** 31) return BUCKETS - 1;
  const doubling = 31 - Math.clz32(units);
  return EXACT + (doubling - 4) * PER_DOUBLING + ((units >> (doubling - 3)) & 7);
}

/** The upper limit of a bucket, in ms. */
function limitOf(bucket: number): number {
  if (bucket < EXACT) return (bucket + 1) / UNITS;
  const doubling = 4 + Math.floor((bucket - EXACT) / PER_DOUBLING);
  const eighth = (bucket - EXACT) % PER_DOUBLING;
  return (2 ** doubling + (eighth + 1) * 2 ** (doubling - 3)) / UNITS;
}

function quantile(all: number[], rank: number): number {
  if (rank === 0) return 0;
  let seen = 0;
  return limitOf(all.findIndex((count) => (seen += count) >= rank));
}

function barsOf(all: number[]): number[] {
  const bars: number[] = [];
  all.forEach((count, bucket) => {
    if (count === 0) return;
    const bar = Math.max(0, Math.ceil(Math.log2(limitOf(bucket))));
    while (bars.length <= bar) bars.push(0);
    bars[bar]! += count;
  });
  return bars;
}

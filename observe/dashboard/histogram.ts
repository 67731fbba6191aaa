// Histogram: how long things took during the last minute, in buckets that grow with the duration.

/** Up to here each millisecond has a bucket of its own, then each doubling has four. */
const EXACT = 8;
const PER_DOUBLING = 4;
const BUCKETS = EXACT + 28 * PER_DOUBLING;

/** The minute is forgotten in pieces of that many seconds. */
const PIECE = 5;
const PIECES = 12;

/** What a page shows of one. Durations in ms. */
export interface Spread {
  readonly count: number;
  /** The durations that half, nine of ten, and 99 of 100 did not exceed, by up to 19 % too long. */
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  /** How many took 0, 1, 2 to 3, 4 to 7 … ms: as far as there are any. */
  readonly bars: readonly number[];
}

/** Counts without allocating anything. */
export class Histogram {
  readonly #pieces = Array.from({ length: PIECES }, () => new Uint32Array(BUCKETS));
  #current = this.#pieces[0]!;
  #piece = 0;

  /** One more took that many ms. */
  count(ms: number): void {
    this.#current[bucketOf(ms)]!++;
  }

  /** It is now that second: what is older than a minute is forgotten. */
  turn(second: number): void {
    const piece = Math.floor(second / PIECE);
    const passed = piece - this.#piece;
    if (passed === 0) return;
    const first = passed < 0 || passed > PIECES ? piece - PIECES + 1 : this.#piece + 1;
    for (let i = first; i <= piece; i++) this.#pieces[i % PIECES]!.fill(0);
    this.#piece = piece;
    this.#current = this.#pieces[piece % PIECES]!;
  }

  /** Of the last minute. */
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
  if (!(ms >= EXACT)) return ms > 0 ? ms | 0 : 0;
  if (ms >= 2 ** 31) return BUCKETS - 1;
  const doubling = 31 - Math.clz32(ms);
  return EXACT + (doubling - 3) * PER_DOUBLING + ((ms >> (doubling - 2)) & 3);
}

/** The longest duration of a bucket. */
function limitOf(bucket: number): number {
  if (bucket < EXACT) return bucket;
  const doubling = 3 + Math.floor((bucket - EXACT) / PER_DOUBLING);
  const quarter = (bucket - EXACT) % PER_DOUBLING;
  return 2 ** doubling + (quarter + 1) * 2 ** (doubling - 2) - 1;
}

function quantile(all: number[], rank: number): number {
  let seen = 0;
  const found = rank === 0 ? 0 : all.findIndex((count) => (seen += count) >= rank);
  return limitOf(found);
}

function barsOf(all: number[]): number[] {
  const bars: number[] = [];
  all.forEach((count, bucket) => {
    if (count === 0) return;
    const bar = limitOf(bucket) === 0 ? 0 : 32 - Math.clz32(limitOf(bucket));
    while (bars.length <= bar) bars.push(0);
    bars[bar]! += count;
  });
  return bars;
}

// Probes: how often a pool may try to connect while nothing but failures come of it.

/**
 * How many probes there may be in `ms`: rests are drawn between 0 and 50 ms, which doubles up to
 * `backoff`. Less than once in a million runs is their sum shorter than its mean by five deviations.
 */
export function probesIn(ms: number, backoff: number): number {
  let mean = 0, variance = 0, probes = 0;
  while (mean - 5 * Math.sqrt(variance) < ms) {
    const longest = Math.min(backoff, 50 * 2 ** probes++);
    mean += longest / 2;
    variance += longest ** 2 / 12;
  }
  return probes;
}

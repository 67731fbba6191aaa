// Gain: what a pool has gained, in a sentence.

/** Below this much either way two runs of the same differ, too. */
const SAME = 1.1;

const PARTS: [part: number, words: string][] = [
  [1 / 10, "a tenth of"],
  [1 / 8, "an eighth of"],
  [1 / 6, "a sixth of"],
  [1 / 5, "a fifth of"],
  [1 / 4, "a quarter of"],
  [1 / 3, "a third of"],
  [2 / 5, "two fifths of"],
  [1 / 2, "half"],
  [3 / 5, "three fifths of"],
  [2 / 3, "two thirds of"],
  [3 / 4, "three quarters of"],
  [4 / 5, "four fifths of"],
  [9 / 10, "nine tenths of"],
];

/** Of the requests a second, and of the 99th percentile: with the pool, by without. */
export function gain(requests: number, p99: number): string {
  const [more, fewer] = [requests >= SAME, requests <= 1 / SAME];
  const [sooner, later] = [p99 <= 1 / SAME, p99 >= SAME];
  const head = more || sooner ? "The pool served" : "The pool gained nothing here: it served";
  const joint = more && later || fewer && sooner ? ", but" : ",";
  const served = more || fewer ? `${times(requests)} the requests a second` : "as many requests";
  return `${head} ${served}${joint} at ${
    sooner || later ? `${times(p99)} the` : "about the same"
  } p99.`;
}

function times(ratio: number): string {
  if (ratio > 1) return `${ratio.toFixed(1)} times`;
  if (ratio < 1 / 11) return `1/${Math.round(1 / ratio)} of`;
  const off = ([part]: [number, string]) => Math.abs(Math.log(part / ratio));
  return PARTS.reduce((best, next) => off(next) < off(best) ? next : best)[1];
}

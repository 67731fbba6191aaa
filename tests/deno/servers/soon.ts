// Soon: waits until something is so, in real time, for no longer than it may take.

import { sleep } from "../../helpers/until.ts";

/** A turn that takes longer, in ms, took so long because the machine is busy with others. */
const TURN = 50;

/**
 * Waits until it is so; throws what `fault` tells if it is not within `ms`, of which a turn counts for
 * `TURN` at most.
 */
export async function soon(
  condition: () => boolean | Promise<boolean>,
  fault: () => string,
  ms: number,
): Promise<void> {
  let left = ms;
  for (let then = performance.now(); !await condition();) {
    const now = performance.now();
    left -= Math.min(now - then, TURN);
    then = now;
    if (left < 0) throw new Error(fault());
    await sleep(5);
  }
}

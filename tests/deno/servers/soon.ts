// Soon: waits until something is so, in real time, for no longer than it may take.

import { sleep } from "../../helpers/until.ts";

/** Waits until it is so; throws what `fault` tells if it is not within `ms`. */
export async function soon(
  condition: () => boolean | Promise<boolean>,
  fault: () => string,
  ms: number,
): Promise<void> {
  const late = performance.now() + ms;
  while (!await condition()) {
    if (performance.now() > late) throw new Error(fault());
    await sleep(5);
  }
}

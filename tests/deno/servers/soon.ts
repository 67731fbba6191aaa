// Soon: waits until something is so, in real time, for no longer than it may take.

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

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// Waits, in real time and for no longer than it takes, until something is the case.

// The real one, whatever a test fakes.
const { setTimeout } = globalThis;

/** Resolves in `ms`. */
export function sleep(ms: number): Promise<void> {
  // Bun fakes what the real one does.
  if ((setTimeout as { clock?: unknown }).clock === true) return waited(ms);
  return new Promise((resolve) => void setTimeout(resolve, ms));
}

/** Resolves once `condition` holds; rejects, naming it, if it does not within `ms`. */
export async function until(condition: () => unknown, what: string, ms = 3000): Promise<void> {
  const end = performance.now() + ms;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${ms} ms: ${what}`);
    await sleep(1);
  }
}

async function waited(ms: number): Promise<void> {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  await Atomics.waitAsync(cell, 0, 0, Math.max(1, ms)).value;
}

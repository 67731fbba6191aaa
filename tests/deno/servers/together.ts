// Together: runs what several tests wait for side by side, from when the first of them begins.

/** Gives what tells how the `i`th of `works` has ended; the first to ask starts them all. */
export function together<R>(works: (() => Promise<R>)[]): (i: number) => Promise<R> {
  let running: Promise<R>[] | undefined;
  return (i) => {
    running ??= works.map((work) => work());
    // Each has a test of its own to tell of its failure, which may come before that test.
    for (const one of running) one.catch(() => {});
    return running[i]!;
  };
}

// Stopwatch: how long things take, and how late this busy machine is meanwhile.

/** How often it looks at the time, in ms. */
const TICK = 5;

/** Notices how late timers are, until it is disposed of: as late may be whatever is timed beside it. */
export class Stopwatch implements Disposable {
  /** The longest that a timer was late, in ms. */
  late = 0;
  readonly #timer: ReturnType<typeof setInterval>;
  #last = performance.now();

  constructor() {
    this.#timer = setInterval(() => this.#tick(), TICK);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    const now = performance.now();
    this.late = Math.max(this.late, now - this.#last - TICK);
    this.#last = now;
  }
}

/** How long it takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The same of `count` at once, of each. */
export function timedAtOnce(count: number, work: () => Promise<unknown>): Promise<number[]> {
  return Promise.all(Array.from({ length: count }, () => timed(work)));
}

/** The same of `count` one after the other. */
export async function timedInTurn(count: number, work: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  while (times.length < count) times.push(await timed(work));
  return times;
}

// The load of `--serve`: so many requests a second, whatever becomes of those before.
import { ask } from "./client.ts";

/** Each may wait: what the pool refuses is answered soon. This many only if the machine is too slow. */
const MOST_UNDER_WAY = 1_000;
const TICK = 50;

/** What clients have seen in the last second. */
export interface Seen {
  answered: number;
  failed: number;
  /** Milliseconds: half of the right answers took no longer. */
  p50: number | null;
}

interface Done {
  at: number;
  /** Undefined: it failed. */
  took: number | undefined;
}

export class Load implements Disposable {
  /** Requests per second. */
  rate = 0;
  readonly #url: string;
  readonly #end = new AbortController();
  readonly #timer = setInterval(() => this.#tick(), TICK);
  #due = 0;
  #ticked = performance.now();
  #underWay = 0;
  #sent = 0;
  #done: Done[] = [];

  constructor(url: string) {
    this.#url = url;
  }

  seen(): Seen {
    this.#forget();
    const took = this.#done.flatMap(({ took }) => took ?? []).sort((a, b) => a - b);
    const p50 = took[Math.ceil(took.length / 2) - 1] ?? null;
    return { answered: took.length, failed: this.#done.length - took.length, p50 };
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#end.abort();
  }

  #tick(): void {
    const now = performance.now();
    // A program that stood still does not make up for it.
    this.#due += this.rate * Math.min(now - this.#ticked, 4 * TICK) / 1_000;
    this.#ticked = now;
    for (; this.#due >= 1; this.#due--) if (this.#underWay < MOST_UNDER_WAY) void this.#send();
    this.#forget();
  }

  async #send(): Promise<void> {
    this.#underWay++;
    const asked = performance.now();
    const failed = await ask(this.#url, this.#sent++ % 1_000, this.#end.signal)
      .catch((error: Error) => error);
    const at = performance.now();
    this.#done.push({ at, took: failed ? undefined : at - asked });
    this.#underWay--;
  }

  #forget(): void {
    const since = performance.now() - 1_000;
    this.#done = this.#done.filter(({ at }) => at > since);
  }
}

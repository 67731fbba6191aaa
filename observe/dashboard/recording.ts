// Recording: what a page shows of one pool, and what is remembered of it for the next page.

import type { RefuseReason, Tap } from "../../pool/observe.ts";
import { type Snapshot, snapshot } from "../../pool/snapshot.ts";
import type { State } from "../../pool/state.ts";
import { type Happening, Happenings } from "./happenings.ts";
import { Histogram, type Spread } from "./histogram.ts";
import { inWords, shorten } from "./text.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** How many seconds the plot shows. */
export const SECONDS = 300;

/** How many holders and waiters are shown. */
const SHOWN = 10;

/** In use, idle, being made, waiting at a second. */
type Sample = readonly [second: number, using: number, idle: number, making: number, waits: number];

/** What a page is sent of a pool. Durations in ms, texts cut. */
export interface Picture {
  readonly id: number;
  readonly name: string;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<typeof COUNTS[number], number>>;
  /** How many were lent in a second, since the second before; null if that is not known. */
  readonly rate: number | null;
  /** Without those that are 0. */
  readonly totals: Readonly<Record<string, number>>;
  readonly holders: readonly object[];
  readonly waiters: readonly object[];
  /** Of waiting and of holding, during the last minute, as far as a page was open. */
  readonly waits: Spread;
  readonly uses: Spread;
  readonly samples: readonly Sample[];
  /** If there is anything new. */
  readonly happened?: readonly Happening[];
}

const COUNTS = [
  "minSize",
  "maxSize",
  "size",
  "available",
  "using",
  "creating",
  "closing",
  "requesting",
  "waiting",
] as const;

/** Refers to its pool weakly, by being asked with it. */
export class Recording {
  readonly #waits = new Histogram();
  readonly #uses = new Histogram();
  readonly #happened = new Happenings();
  #samples: Sample[] = [];
  #changedAt = 0;
  #gets: { readonly second: number; readonly count: number } | undefined;
  #failingSince: number | undefined;
  #picture: Picture | undefined;

  /** Hears of all that happens in the pool, until what it returns is called. */
  attach<T>(pool: State<T>): () => void {
    const tap = this.#tap();
    pool.observers.addTap(tap);
    pool.refresh();
    return () => {
      pool.observers.removeTap(tap);
      pool.refresh();
    };
  }

  #tap(): Tap {
    const [waits, uses, happened] = [this.#waits, this.#uses, this.#happened];
    return {
      created(event) {
        if ("error" in event) happened.add("failed", inWords(event.error));
      },
      lent: (waited) => waits.count(waited),
      refused: (_waited, _label, _error, reason) => happened.add("refused", REFUSED[reason]),
      returned(held, _label, end) {
        uses.count(held);
        if (end === "leaked") happened.add("lost", "leaked");
      },
      closed: (event) => happened.add("closed", event.reason),
    };
  }

  /** Takes a sample at that second. */
  take<T>(pool: State<T>, second: number): void {
    const seen = snapshot(pool, SHOWN);
    this.#waits.turn(second);
    this.#uses.turn(second);
    this.#sample(seen, second);
    if (this.#happened.takeChanged()) this.#changedAt = second;
    this.#picture = this.#draw(seen, second);
  }

  #sample({ using, available, creating, waiting }: Snapshot, second: number): void {
    const kept = this.#samples.filter(([at]) => at > second - SECONDS && at < second);
    this.#samples = [...kept, [second, using, available, creating, waiting]];
  }

  #draw(seen: Snapshot, second: number): Picture {
    const counts = Object.fromEntries(COUNTS.map((name) => [name, seen[name]]));
    return {
      id: seen.id,
      name: shorten(seen.name, 80),
      verdict: verdict(seen, {
        failing: this.#failing(seen),
        lost: this.#happened.find("lost", "leaked")?.last,
        late: this.#happened.find("refused", REFUSED.timeout)?.last,
        now: Date.now(),
      }),
      counts: counts as Picture["counts"],
      rate: this.#rate(seen.totals.gets, second),
      totals: Object.fromEntries(Object.entries(seen.totals).filter(([, count]) => count > 0)),
      holders: seen.holders.map(({ object, held, atLeast, label, line }) => ({
        object: shorten(object, 100),
        held,
        atLeast,
        label: shorten(label, 60),
        line: shorten(line, 200),
      })),
      waiters: seen.waiters.map((waiter) => ({ ...waiter, label: shorten(waiter.label, 60) })),
      waits: this.#waits.spread,
      uses: this.#uses.spread,
      samples: [],
    };
  }

  /** For how long objects cannot be made, in ms, as far as that was seen. */
  #failing({ failure, outage }: Snapshot): number | undefined {
    if (!outage || failure === undefined) return this.#failingSince = undefined;
    this.#failingSince ??= Date.now() - failure.ago;
    return Math.max(0, Date.now() - this.#failingSince);
  }

  #rate(count: number, second: number): number | null {
    const before = this.#gets;
    this.#gets = { second, count };
    const passed = before === undefined ? 0 : second - before.second;
    if (before === undefined || passed < 1 || passed > 5) return null;
    return Math.max(0, Math.round((count - before.count) / passed));
  }

  /** The last picture, with what has come since that second. */
  since(second: number): Picture {
    const picture = { ...this.#picture!, samples: this.#samples.filter(([at]) => at > second) };
    return this.#changedAt > second ? { ...picture, happened: this.#happened.list() } : picture;
  }
}

const REFUSED: Readonly<Record<RefuseReason, string>> = {
  timeout: "timeout",
  aborted: "aborted",
  full: "maxWaiting",
  overload: "overload",
  deadlock: "deadlock",
  closed: "shut down",
  failed: "failure",
};

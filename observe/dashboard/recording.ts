// Recording: the samples and events of one pool, and the data for a page.

import type { RefuseReason, Tap } from "../../pool/observe.ts";
import { COUNTS, type Snapshot, snapshot } from "../../pool/snapshot.ts";
import type { State } from "../../pool/state.ts";
import { type Happening, Happenings } from "./happenings.ts";
import { Histogram, type Spread } from "./histogram.ts";
import { inWords, shorten } from "./text.ts";
import { type Verdict, verdict } from "./verdict.ts";

/** How many seconds a plot shows. */
export const SECONDS = 300;

/** How many holders and waiters are shown. */
const SHOWN = 10;

/** The counts at one second. */
type Sample = readonly [second: number, using: number, idle: number, making: number, waits: number];

/** The data of a pool for a page. Durations in ms, texts shortened. */
export interface Picture {
  readonly id: number;
  readonly name: string;
  readonly verdict: Verdict;
  readonly counts: Readonly<Record<typeof FIGURES[number], number>>;
  /** How many objects were lent since the second before; null if not known. */
  readonly rate: number | null;
  /** The totals that are not 0. */
  readonly totals: Readonly<Record<string, number>>;
  readonly holders: readonly object[];
  readonly waiters: readonly object[];
  /** The times of waiting and of holding during the last minute, while a page was open. */
  readonly waits: Spread;
  readonly uses: Spread;
  readonly samples: readonly Sample[];
  /** Only if there is a new event. */
  readonly happened?: readonly Happening[];
}

const FIGURES = ["minSize", "maxSize", ...COUNTS] as const;

/** Gets its pool with each call, so that it does not keep the pool alive. */
export class Recording {
  readonly #waits = new Histogram();
  readonly #uses = new Histogram();
  readonly #happened = new Happenings();
  #samples: Sample[] = [];
  #changedAt = 0;
  #gets: { readonly second: number; readonly count: number } | undefined;
  #failingSince: number | undefined;
  #picture: Picture | undefined;

  /** Observes the pool until the returned function is called. */
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

  /** Takes the sample of a second. */
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
    const counts = Object.fromEntries(FIGURES.map((name) => [name, seen[name]]));
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

  /** For how long creations have failed, in ms, as far as it was observed. */
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

  /** The last data, with the samples after a second. */
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

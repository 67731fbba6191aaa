// The shedding of load, as the model knows it: whether all who ask wait for too long.

import type { Ask } from "./job.ts";
import { EXCUSED, isKnown } from "./known.ts";
import type { Ledger } from "./ledger.ts";
import { LATE } from "./rules.ts";

export class Shedding {
  /** The pool may be overloaded; it is. */
  maybe = false;
  sure = false;
  readonly #ledger: Ledger;
  readonly #pending: () => Ask[];
  /** Since when every `get` has waited for longer than the target, at the latest and at the earliest. */
  #calm = { least: -Infinity, most: -Infinity };
  /** Who waited when everything was last at rest, and whether an object may have been coming for each. */
  #before: Ask[] = [];
  #coming = false;
  /** When there last may have been an object to come for each. */
  #spared = -Infinity;

  constructor(ledger: Ledger, pending: () => Ask[]) {
    this.#ledger = ledger;
    this.#pending = pending;
  }

  /** Somebody asks, with nobody else waiting. */
  begin(): void {
    const { awake } = this.#ledger.time;
    this.#calm = { least: awake, most: awake };
    this.maybe = this.sure = false;
  }

  /** Another one asks: those ahead may wait for what is being made for them, and not for others. */
  ask(ahead: number): void {
    const { burst, checking, creating, failed, madeIn, time: { awake } } = this.#ledger;
    const coming = creating + checking + failed + (madeIn === burst ? Infinity : 0);
    // One of those ahead may just be refused, and an observer asks.
    if (ahead <= coming + 1) this.#calm.most = awake;
  }

  serve(ask: Ask): void {
    const { burst, numbers: { queueTarget }, time: { awake } } = this.#ledger;
    const waited = awake - ask.at;
    if (waited <= queueTarget + LATE) this.#calm.most = awake;
    if (waited > queueTarget || ask.burst === burst || this.maybe) return;
    // That it overtakes others says nothing of how long they wait.
    if (this.#pending().some(({ id }) => id < ask.id)) return;
    this.#calm.least = awake;
  }

  /** Whether it may be refused. */
  mayRefuse({ at }: Ask): boolean {
    const { numbers: { queueTarget }, time: { awake } } = this.#ledger;
    return queueTarget > 0 && this.maybe && awake - at >= 2 * queueTarget;
  }

  /** Time has passed. */
  look(): void {
    const { numbers: { queueInterval, queueTarget }, time: { awake } } = this.#ledger;
    const pending = this.#pending();
    if (queueTarget === 0 || pending.length === 0) return;
    if (pending.length <= this.#ledger.creating) return; // they wait for the server
    const longest = awake - Math.min(...pending.map(({ at }) => at));
    this.maybe ||= longest > queueTarget && awake - this.#calm.least >= queueInterval;
  }

  /** Everything is at rest; who should have been refused, if there is somebody. */
  settle(): Ask | undefined {
    const { frozen, numbers: { queueInterval, queueTarget }, time } = this.#ledger;
    const pending = this.#pending();
    const empty = this.#before.every(({ state }) => state !== "pending");
    this.#before = pending;
    if (queueTarget === 0 || isKnown(EXCUSED) && frozen) return undefined;
    this.look();
    const { checking, creating } = this.#ledger;
    const coming = pending.length <= creating + checking;
    // While the program stood still nobody could be served.
    const froze = time.awake > time.fired;
    if (empty || coming || this.#coming || froze) this.#calm.most = time.awake;
    if (empty) this.sure = false;
    this.#coming = coming;
    if (pending.length === 0) return undefined;
    const fired = time.called - LATE;
    const old = pending.filter(({ at }) => fired - Math.ceil(at) > queueTarget);
    this.sure ||= !this.#ledger.ended && old.length > 0 && fired - this.#calm.most >= queueInterval;
    // Who asks when it is logged that there is an overload puts off the first refusals.
    const late = time.awake - this.#ledger.loggedAt <= queueTarget + LATE;
    // As many are spared as there are objects to come; it is looked again after the target.
    if (coming) this.#spared = time.awake;
    if (
      !this.sure || late || this.#ledger.ended || time.called - this.#spared <= queueTarget + LATE
    ) return undefined;
    return pending.find(({ at }) => fired - Math.ceil(at) >= 2 * queueTarget);
  }
}

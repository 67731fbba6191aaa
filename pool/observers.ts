// Observers: the observers of a pool, and how they are called.

import { outside } from "../context.ts";
import { quiet } from "../values.ts";
import {
  type ClosedEvent,
  type CreatedEvent,
  type Describe,
  EVENTS,
  type Observer,
  type RefuseReason,
  type ReturnEnd,
  type Tap,
} from "./observe.ts";

type Name = keyof Observer;

/** The observers by the names of their methods. */
type ByName<O> = { readonly [N in Name]: readonly O[] };

/** The observers of a pool, and the taps of the entry points. */
export class Observers {
  /** Whether there is an observer of loans: `lent`, `refused` or `returned`. */
  loans = false;
  readonly #failed: (name: string, error: unknown) => void;
  #all: readonly Observer[] = [];
  #taps: readonly Tap[] = [];
  #heard: ByName<Observer> = byName([]);
  #tapped: ByName<Tap> = byName([]);

  /** `failed` gets the method and the error of an observer that fails. */
  constructor(failed: (name: string, error: unknown) => void) {
    this.#failed = failed;
  }

  add(observer: Observer): void {
    this.#set([...this.#all, observer], this.#taps);
  }

  remove(observer: Observer): void {
    this.#set(without(this.#all, observer), this.#taps);
  }

  addTap(tap: Tap): void {
    this.#set(this.#all, [...this.#taps, tap]);
  }

  removeTap(tap: Tap): void {
    this.#set(this.#all, without(this.#taps, tap));
  }

  #set(all: readonly Observer[], taps: readonly Tap[]): void {
    this.#all = all;
    this.#taps = taps;
    this.#heard = byName(all);
    this.#tapped = byName(taps);
    this.loans = [this.#heard, this.#tapped].some(({ lent, refused, returned }) =>
      lent.length + refused.length + returned.length > 0
    );
  }

  /** Whether an observer has this method. */
  hear(name: Name): boolean {
    return this.#heard[name].length + this.#tapped[name].length > 0;
  }

  created(event: CreatedEvent): void {
    this.#tap("created", event);
    this.#tell("created", event);
  }

  lent(waited: number, label: string | undefined, describe: Describe): void {
    for (const tap of this.#tapped.lent) { // no helper, as below: each get and return comes here
      try {
        tap.lent!(waited, label);
      } catch (error) {
        this.#failed("lent", error);
      }
    }
    if (this.#heard.lent.length === 0) return;
    this.#tell("lent", about(describe, { waited: Math.round(waited), ...labelled(label) }));
  }

  refused(waited: number, label: string | undefined, error: unknown, reason: RefuseReason): void {
    this.#tap("refused", waited, label, error, reason);
    this.#tell("refused", { waited: Math.round(waited), error, reason, ...labelled(label) });
  }

  returned(held: number, label: string | undefined, end: ReturnEnd, describe: Describe): void {
    for (const tap of this.#tapped.returned) {
      try {
        tap.returned!(held, label, end, describe);
      } catch (error) {
        this.#failed("returned", error);
      }
    }
    if (this.#heard.returned.length === 0) return;
    this.#tell("returned", about(describe, { held: Math.round(held), end, ...labelled(label) }));
  }

  closed(event: ClosedEvent): void {
    this.#tap("closed", event);
    this.#tell("closed", event);
  }

  #tap<N extends Name>(name: N, ...heard: Parameters<NonNullable<Tap[N]>>): void {
    for (const tap of this.#tapped[name]) {
      try {
        (tap[name] as (...heard: unknown[]) => void)(...heard);
      } catch (error) {
        this.#failed(name, error);
      }
    }
  }

  /** Calls each observer that has this method. */
  #tell<N extends Name>(name: N, event: Parameters<NonNullable<Observer[N]>>[0]): void {
    for (const observer of this.#heard[name]) {
      try {
        // As a method: an observer may be an instance of a class.
        const told = outside(() => (observer[name] as ((event: object) => unknown))?.(event));
        quiet(told, (error) => this.#failed(name, error));
      } catch (error) {
        this.#failed(name, error);
      }
    }
  }
}

function byName<O extends Tap | Observer>(all: readonly O[]): ByName<O> {
  const having = (name: Name) => [name, all.filter((one) => one[name] !== undefined)];
  return Object.fromEntries(EVENTS.map(having));
}

/** Removes one of possibly several equal entries. */
function without<O>(all: readonly O[], one: O): readonly O[] {
  const i = all.indexOf(one);
  return all.filter((_, j) => j !== i);
}

function labelled(label: string | undefined): { label?: string } {
  return label === undefined ? {} : { label };
}

/** An event about an object, which is described only when `object` is read. */
function about<E extends object>(
  describe: Describe,
  event: E,
): E & { readonly object: string } {
  return {
    ...event,
    get object() {
      return describe();
    },
  };
}

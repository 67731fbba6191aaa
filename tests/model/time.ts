// The time of a run: clocks, timers, chance and garbage collection, moved by nobody but the run.

interface Timer {
  due: number;
  call: () => void;
  held: boolean;
}

/** A moment, by both ways to count time. */
export interface Moment {
  /** Of a clock that stands still while the machine sleeps. */
  awake: number;
  /** Of one that goes on. */
  world: number;
}

/** Replaces what the pool knows of the time, from `install` to `restore`. */
export class Time {
  /** What performance.now says. */
  awake = 1_000;
  /** What Date.now says. */
  wall = 1_700_000_000_000;
  /** How much of the time that passed the machine slept. */
  slept = 0;
  /** Whether the wall clock has gone back: a pool cannot tell its way forward again from sleep. */
  wavered = false;
  /** All timers that are due until then have been called. */
  fired = 1_000;
  /** Loans nobody can reach any more; of those that are `swept` no weak reference is left. */
  readonly lost = new Set<unknown>();
  readonly swept = new Set<unknown>();
  readonly #timers = new Map<number, Timer>();
  readonly #registries: Registry[] = [];
  #lastId = 0;
  /** When it last stood still. */
  #frozen = Infinity;
  #thawed = -Infinity;
  #restore = () => {};

  install(): void {
    const real = { setTimeout, clearTimeout, FinalizationRegistry, WeakRef };
    const { now } = Date;
    const { now: performanceNow } = performance;
    const { random } = Math;
    const registries = this.#registries;
    const isSwept = (target: unknown) => this.swept.has(target);
    Object.assign(globalThis, {
      setTimeout: (call: () => void, ms = 0) => this.#start(call, ms),
      clearTimeout: (handle: unknown) => void this.#timers.delete(Number(handle)),
      FinalizationRegistry: class extends Registry {
        constructor(found: (held: unknown) => void) {
          super(found, isSwept);
          registries.push(this);
        }
      },
      WeakRef: class<V extends object> {
        readonly #target: V;

        constructor(target: V) {
          this.#target = target;
        }

        deref(): V | undefined {
          return isSwept(this.#target) ? undefined : this.#target;
        }
      },
    });
    Date.now = () => this.wall;
    performance.now = () => this.awake;
    Math.random = () => 0.5;
    this.#restore = () => {
      Object.assign(globalThis, real);
      Object.assign(Date, { now });
      Object.assign(performance, { now: performanceNow });
      Object.assign(Math, { random });
    };
  }

  restore(): void {
    this.#restore();
  }

  get moment(): Moment {
    return { awake: this.awake, world: this.awake + this.slept };
  }

  /** How long ago that was, at least and at most. */
  since({ awake, world }: Moment): { least: number; most: number } {
    const most = this.awake + this.slept - world;
    return { least: this.wavered ? this.awake - awake : most, most };
  }

  /** How long ago it was that much awake, at least and at most, as a pool may count it. */
  passedSince(awake: number): { least: number; most: number } {
    const least = this.awake - awake;
    return { least, most: least + this.slept + (this.wavered ? Infinity : 0) };
  }

  /** All timers that were due until then have been called, even those that were started after a freeze. */
  get called(): number {
    return this.fired > this.#thawed ? this.fired : Math.min(this.fired, this.#frozen);
  }

  /** Whether a freeze was over less than `ms` ago. */
  thawed(ms: number): boolean {
    return this.awake <= this.#thawed + ms;
  }

  /** How long ago that was when the last timer was called. */
  passed({ awake }: Moment): number {
    return this.called - awake;
  }

  /** How many timers are set, and how many of them keep the process alive. */
  get timers(): { set: number; held: number } {
    const all = [...this.#timers.values()];
    return { set: all.length, held: all.filter(({ held }) => held).length };
  }

  /** How many leases are watched by a registry. */
  get watched(): number {
    return this.#registries.reduce((sum, { size }) => sum + size, 0);
  }

  /** When the next timer is due. */
  get first(): number {
    return Math.min(...[...this.#timers.values()].map(({ due }) => due));
  }

  /**
   * Goes on to the first timer that is due by `end` and calls it, after `before`; false if there is
   * none.
   */
  next(end: number, before: () => void): boolean {
    let first: [number, Timer] | undefined;
    for (const one of this.#timers) if (!first || one[1].due < first[1].due) first = one;
    if (first === undefined || first[1].due > end) {
      this.#go(end);
      this.fired = Math.max(this.fired, end);
      return false;
    }
    const [id, { due, call }] = first;
    this.#go(due);
    this.fired = Math.max(this.fired, due);
    this.#timers.delete(id);
    before();
    call();
    return true;
  }

  /** The program stands still: both clocks go on, and no timer is called. */
  freeze(ms: number): void {
    this.#frozen = this.called;
    this.#thawed = this.awake + ms;
    this.#go(this.awake + ms);
  }

  /** The machine sleeps: only the wall clock goes on. */
  sleep(ms: number): void {
    this.wall += ms;
    this.slept += ms;
  }

  /** Somebody sets the wall clock back. */
  setBack(ms: number): void {
    this.wall -= ms;
    this.wavered = true;
  }

  /** Collects what is lost; whoever watches it does not hear of it yet. */
  sweep(): void {
    for (const target of this.lost) this.swept.add(target);
  }

  /** Collects what is lost. */
  collect(): void {
    this.sweep();
    for (const registry of this.#registries) registry.collect();
  }

  #go(to: number): void {
    const passed = Math.max(0, to - this.awake);
    this.awake += passed;
    this.wall += passed;
  }

  #start(call: () => void, ms: number): object {
    const id = ++this.#lastId;
    const timer = { due: this.awake + Math.max(ms, 0), call, held: true };
    this.#timers.set(id, timer);
    return {
      ref: () => void (timer.held = true),
      unref: () => void (timer.held = false),
      [Symbol.toPrimitive]: () => id,
    };
  }
}

/** A FinalizationRegistry whose targets are lost when the run says so. */
class Registry {
  readonly #found: (held: unknown) => void;
  readonly #isLost: (target: unknown) => boolean;
  readonly #cells = new Map<unknown, { target: unknown; held: unknown }>();

  constructor(found: (held: unknown) => void, isLost: (target: unknown) => boolean) {
    this.#found = found;
    this.#isLost = isLost;
  }

  get size(): number {
    return this.#cells.size;
  }

  register(target: unknown, held: unknown, token: unknown): void {
    this.#cells.set(token, { target, held });
  }

  unregister(token: unknown): void {
    this.#cells.delete(token);
  }

  collect(): void {
    for (const [token, { target, held }] of this.#cells) {
      if (!this.#isLost(target)) continue;
      this.#cells.delete(token);
      this.#found(held);
    }
  }
}

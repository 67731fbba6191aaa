// Stand-in for FakeTime of @std/testing/time, for every runtime: timers and Date move only when told.
// As with the real one, performance.now goes on by itself.

type Callback = (...args: unknown[]) => void;

interface Timer {
  due: number;
  /** Milliseconds between two calls; undefined for a timeout. */
  every: number | undefined;
  call: () => void;
}

const real = {
  Date,
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
};
const realSignalTimeout = AbortSignal.timeout;

let active: FakeTime | undefined;

export class TimeError extends Error {
  override readonly name = "TimeError";
}

export class FakeTime {
  readonly start: number;
  #now: number;
  #lastId = 0;
  /** In the order of setting, which decides between timers due at the same moment. */
  readonly #timers = new Map<number, Timer>();

  constructor(start?: number | string | Date | null) {
    if (active) throw new TimeError("Cannot construct FakeTime: time is already faked");
    this.start = this.#now = startOf(start);
    if (Number.isNaN(this.start)) throw new TypeError(`FakeTime: invalid start time ${start}`);
    active = this;
    this.#install();
  }

  static restore(): void {
    if (!active) throw new TimeError("Cannot restore time: time is already restored");
    active.restore();
  }

  get now(): number {
    return this.#now;
  }

  /** Moves time on, and calls what falls due on the way, each at its own moment. */
  set now(value: number) {
    if (value < this.#now) {
      throw new RangeError(`Cannot set current time in the past: ${value} is before ${this.#now}`);
    }
    for (let next = this.#next(); next && next[1].due <= value; next = this.#next()) {
      this.#fire(...next);
    }
    this.#now = value;
  }

  tick(ms = 0): void {
    this.now += ms;
  }

  async tickAsync(ms = 0): Promise<void> {
    await this.runMicrotasks();
    this.now += ms;
  }

  /** Moves on to the next timer; false if there is none. */
  next(): boolean {
    const next = this.#next();
    if (next) this.now = next[1].due;
    return next !== undefined;
  }

  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    return this.next();
  }

  runAll(): void {
    while (this.next());
  }

  async runAllAsync(): Promise<void> {
    while (this.#timers.size > 0) await this.nextAsync();
  }

  /** Waits in real time. */
  delay(ms: number): Promise<void> {
    return new Promise((resolve) => void real.setTimeout.call(globalThis, resolve, ms));
  }

  runMicrotasks(): Promise<void> {
    return this.delay(0);
  }

  restore(): void {
    if (active !== this) throw new TimeError("Cannot restore time: time is already restored");
    active = undefined;
    Object.assign(globalThis, real);
    AbortSignal.timeout = realSignalTimeout;
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #install(): void {
    const clear = (id?: unknown) => {
      this.#check("clear timers");
      if (typeof id === "number") this.#timers.delete(id);
    };
    const set = (repeat: boolean) => (fn: Callback, ms = 0, ...args: unknown[]) => {
      if (typeof fn === "function") return this.#set(() => fn(...args), ms, repeat);
      throw new TimeError(`FakeTime takes functions for callbacks only, not ${fn}`);
    };
    Object.assign(globalThis, {
      Date: FakeDate,
      setTimeout: set(false),
      setInterval: set(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    AbortSignal.timeout = (ms) => {
      const late = new AbortController();
      const reason = new DOMException("Signal timed out.", "TimeoutError");
      this.#set(() => late.abort(reason), ms, false);
      return late.signal;
    };
  }

  /** Whoever has kept one of the faked functions cannot use it after the fake. */
  #check(what: string): void {
    if (active !== this) throw new TimeError(`Cannot ${what}: time is not faked`);
  }

  /** Timers are numbers, also where the real ones are not. */
  #set(call: () => void, ms: number, repeat: boolean): number {
    this.#check("set timers");
    const id = ++this.#lastId;
    const wait = Math.max(repeat ? 1 : 0, Math.floor(ms) || 0);
    this.#timers.set(id, { due: this.#now + wait, every: repeat ? wait : undefined, call });
    return id;
  }

  #next(): [number, Timer] | undefined {
    let first: [number, Timer] | undefined;
    for (const entry of this.#timers) if (!first || entry[1].due < first[1].due) first = entry;
    return first;
  }

  #fire(id: number, timer: Timer): void {
    this.#now = timer.due;
    this.#timers.delete(id);
    // Set anew before the call, so that the callback may clear it.
    if (timer.every) this.#timers.set(id, { ...timer, due: timer.due + timer.every });
    timer.call();
  }
}

function startOf(start?: number | string | Date | null): number {
  if (typeof start === "number") return Math.floor(start);
  return new real.Date(start ?? real.Date.now()).valueOf();
}

function now(): number {
  return active?.now ?? real.Date.now();
}

/** Goes on with the real time when it is not faked any more. */
const FakeDate = new Proxy(real.Date, {
  construct: (target, args, self) => Reflect.construct(target, args.length ? args : [now()], self),
  apply: () => new real.Date(now()).toString(),
  get: (target, key, self) => key === "now" ? now : Reflect.get(target, key, self),
});

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
    this.start = this.#now = new real.Date(start ?? real.Date.now()).valueOf();
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
    if (value < this.#now) throw new RangeError(`FakeTime: ${value} is before ${this.#now}`);
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
    const clear = (handle?: unknown) => void this.#timers.delete(Number(handle));
    const set = (repeat: boolean) => (fn: Callback, ms = 0, ...args: unknown[]) =>
      this.#set(() => fn(...args), ms, repeat);
    Object.assign(globalThis, {
      Date: fakeDate(this),
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

  #set(call: () => void, ms: number, repeat: boolean): object {
    const id = ++this.#lastId;
    const wait = Math.max(repeat ? 1 : 0, Math.floor(ms) || 0);
    this.#timers.set(id, { due: this.#now + wait, every: repeat ? wait : undefined, call });
    return handle(id);
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

/** What the runtimes return from setTimeout, as far as it is used. */
function handle(id: number): object {
  let held = true;
  const self = {
    ref: () => (held = true, self),
    unref: () => (held = false, self),
    hasRef: () => held,
    [Symbol.toPrimitive]: () => id,
  };
  return self;
}

function fakeDate(time: FakeTime): DateConstructor {
  return new Proxy(real.Date, {
    construct: (target, args, self) =>
      Reflect.construct(target, args.length ? args : [time.now], self),
    apply: () => new real.Date(time.now).toString(),
    get: (target, key, self) => key === "now" ? () => time.now : Reflect.get(target, key, self),
  });
}

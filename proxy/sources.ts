// Sources: one object for all, one created for each frame, or one of a pool for each frame.

import { outside } from "../context.ts";
import { ProxyError } from "../errors.ts";
import { Hooks } from "../pool/hooks.ts";
import { type Lease, loanBehind } from "../pool/lease.ts";
import { Log } from "../pool/log.ts";
import type { Create, GetOptions, PoolOptions, Settings } from "../pool/options.ts";
import { Totals } from "../pool/observe.ts";
import { Pool } from "../pool.ts";
import type { Frame, Scope } from "../scopes/mod.ts";
import { describe } from "../values.ts";
import type { Attempt } from "./attempt.ts";
import { FrameSource, GRACE, Holding, type Source } from "./source.ts";

/** The proxy is not set yet. */
export class Unset<T> implements Source<T> {
  readonly deferred: boolean;
  readonly pooled: boolean;
  readonly started = false;
  readonly #setName: string;

  constructor(pooled: boolean, setName: string) {
    this.deferred = pooled;
    this.pooled = pooled;
    this.#setName = setName;
  }

  frame(given: Frame | undefined): Frame | undefined {
    return given;
  }

  now(): never {
    const name = this.#setName;
    throw new ProxyError(
      "this proxy is used before it is set: call " +
        `${name}({ obj }) or ${name}({ fun }) when the program starts`,
    );
  }

  take(): never {
    return this.now();
  }

  give(): Promise<void> {
    return Promise.resolve();
  }

  giver(): () => Promise<void> {
    return () => Promise.resolve();
  }

  held(): undefined {}

  pool(): undefined {}

  retire(): void {}
}

/** One object for all. */
export class Fixed<T> implements Source<T> {
  readonly deferred = false;
  readonly pooled = false;
  readonly started = false;
  readonly #holding: Holding<T>;

  constructor(object: T) {
    this.#holding = new Holding(object);
  }

  frame(given: Frame | undefined): Frame | undefined {
    return given;
  }

  now(): Holding<T> {
    return this.#holding;
  }

  take(): Holding<T> {
    return this.#holding;
  }

  /** All share the object: it is not returned. */
  give(): Promise<void> {
    return Promise.resolve();
  }

  giver(): () => Promise<void> {
    return () => Promise.resolve();
  }

  held(): Holding<T> {
    return this.#holding;
  }

  pool(): undefined {}

  retire(): void {}
}

/** Each frame has its own object, created for it and closed at its end. */
export class Made<T> extends FrameSource<T> {
  readonly #fun: Create<T>;
  readonly #hooks: Hooks<T>;
  #attempts = 0;

  /** `deferred`: whether `fun` is already known to be async. */
  constructor(scope: Scope, fun: Create<T>, settings: Settings<T>, deferred: boolean) {
    super(scope, deferred);
    this.#fun = fun;
    const log = new Log("proxypool proxy", settings.logLevel, settings.logger);
    this.#hooks = new Hooks(settings, new Totals(), log);
  }

  protected make(frame: Frame, attempt: Attempt<Holding<T>>): T | PromiseLike<T> {
    const fun = this.#fun;
    const n = this.#attempts++;
    const context = {
      get signal() {
        return attempt.signal;
      },
      invalidate: () => this.#invalidate(attempt),
    };
    // An object that outlives the request must not see or keep the request's context.
    if (frame.permanent) return outside(fun, n, context);
    return frame === this.scope.current() ? fun(n, context) : within(frame, () => fun(n, context));
  }

  /** The object has died: the next use in its frame creates another one. */
  #invalidate(attempt: Attempt<Holding<T>>): void {
    attempt.invalid = true;
    if (attempt.holding !== undefined) void this.release(attempt.holding);
  }

  protected hold(made: T, attempt: Attempt<Holding<T>>): Holding<T> {
    const holding = attempt.holding = new Holding(made);
    if (!attempt.invalid || attempt.cancelled !== undefined) return holding;
    void this.release(holding);
    throw new ProxyError("the object was invalidated during its creation");
  }

  protected release(holding: Holding<T>): Promise<void> {
    const { closed, object } = holding;
    if (closed) return Promise.resolve();
    holding.closed = true;
    return this.#hooks.close(object, "discarded", () => describe(object)).promise;
  }
}

/** Each frame has an object of a pool, returned at the frame's end. */
export class Pooled<T> extends FrameSource<T> {
  override readonly pooled = true;
  readonly #fun: Create<T>;
  readonly #options: PoolOptions<T>;
  /** The key by which a frame keeps its own pool. */
  readonly #key = {};
  #pool: Pool<T> | undefined;

  constructor(scope: Scope, fun: Create<T>, options: PoolOptions<T>) {
    super(scope, true);
    this.#fun = fun;
    this.#options = options;
  }

  override pool(given: Frame | undefined): Pool<T> | undefined {
    const frame = given ?? this.scope.current();
    return frame?.ioBound ? frame.get(this.#key) as Pool<T> | undefined : this.#pool;
  }

  override retire(): void {
    super.retire();
    void this.#pool?.shutdown();
  }

  /** Deferred here, so that a frame's own pool is shut down after its objects are returned. */
  protected override open(frame: Frame): void {
    if (this.pool(frame) !== undefined) return;
    this.started = true;
    // Outside the context of the first request: the pool would keep it.
    const pool = outside(() => new Pool(this.#fun, this.#options));
    if (!frame.ioBound) this.#pool = pool;
    else {
      frame.set(this.#key, pool);
      frame.defer(() => pool.shutdown({ timeout: GRACE }));
    }
  }

  protected make(
    frame: Frame,
    attempt: Attempt<Holding<T>>,
    options: GetOptions | undefined,
  ): Promise<Lease<T>> {
    return this.pool(frame)!.get({ ...options, signal: attempt.signal });
  }

  protected override lent(frame: Frame): Holding<T> | undefined {
    // With an asynchronous getter, `tryGet` returns nothing.
    const lease = this.#options.getter === undefined ? this.pool(frame)!.tryGet() : undefined;
    return lease && this.#hold(lease);
  }

  protected hold(lease: T): Holding<T> {
    return this.#hold(lease);
  }

  #hold(lease: T): Holding<T> {
    const loan = loanBehind(lease)!;
    return new Holding(loan.entry.object as T, lease as Lease<T>, loan);
  }

  protected release({ loan }: Holding<T>): Promise<void> {
    // The user may have returned it: this must not count as a double return.
    return loan!.ended ? Promise.resolve() : loan!.release();
  }
}

/** Calls `fn` in a given frame, if this runtime can track frames. */
function within<R>(frame: Frame, fn: () => R): R {
  let begun = false;
  const begin = () => {
    begun = true;
    return fn();
  };
  try {
    return frame.run(begin);
  } catch (error) {
    if (begun) throw error;
    return fn();
  }
}

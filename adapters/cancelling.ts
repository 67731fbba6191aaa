// CancellingPool: cancels a running query at the server when the signal of `use` aborts.

import { Pool } from "../pool.ts";
import type { Create, GetOptions, PoolOptions, UseContext } from "../pool/options.ts";
import { isThenable } from "../values.ts";

/** The sessions of a pool, whose queries the server can cancel. */
export interface Sessions<T> {
  readonly create: Create<T>;
  readonly options: PoolOptions<T>;
  cancel(session: T): Promise<void>;
}

/** A pool of sessions: the `signal` of `use` also cancels at the server. */
export class CancellingPool<T> extends Pool<T> {
  readonly #sessions: Sessions<T>;

  constructor(sessions: Sessions<T>) {
    super(sessions.create, sessions.options);
    this.#sessions = sessions;
  }

  override use<R>(
    fn: (session: T, context: UseContext) => R | PromiseLike<R>,
    options?: GetOptions,
  ): Promise<R> {
    const signal = options?.signal;
    if (signal === undefined || typeof fn !== "function") return super.use(fn, options);
    return super.use((session, context) => {
      const result = fn(session, context);
      if (!isThenable(result)) return result;
      const cancel = () => void this.#sessions.cancel(session);
      signal.addEventListener("abort", cancel, { once: true });
      if (signal.aborted) cancel();
      const done = () => signal.removeEventListener("abort", cancel);
      result.then(done, done);
      return result;
    }, options);
  }
}

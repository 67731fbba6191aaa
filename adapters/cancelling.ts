// CancellingPool: has the server cancel what a callback of `use` waits for, once nobody waits for that.

import { Pool } from "../pool.ts";
import type { Create, GetOptions, PoolOptions, UseContext } from "../pool/options.ts";
import { isThenable } from "../values.ts";

/** The sessions of a server, which can cancel what one of them is asked. */
export interface Sessions<T> {
  readonly create: Create<T>;
  readonly options: PoolOptions<T>;
  cancel(session: T): Promise<void>;
}

/** A pool of sessions whose `signal` reaches the server. */
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

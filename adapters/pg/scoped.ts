// Scoped: the shape of pg.Pool over a pooled proxy, with one session for each frame.

import { ProxyError } from "../../errors.ts";
import type { Pool } from "../../pool.ts";
import { isThenable, shown } from "../../values.ts";
import { emitterOf } from "./driver.ts";
import type { PgClientShape, PgProxy, ScopedPgPool, ScopedPgSession } from "./types.ts";

type Callback = (error: unknown, result?: unknown, done?: () => void) => void;

interface Query {
  query(query: unknown, values?: unknown, callback?: unknown): unknown;
}

/** The session is returned at the end of its frame. */
const release = () => {};

/** Makes the class, which extends pg's EventEmitter if that is known. */
function scopedClass(Base: new () => object) {
  return class ScopedPgPool<C extends PgClientShape> extends Base {
    // Drizzle tests this name: it must survive a minifier.
    static override readonly name = "ScopedPgPool";

    readonly options = {};
    readonly #proxy: PgProxy<C>;
    /** One for each lease, for code that compares sessions by identity. */
    readonly #sessions = new WeakMap<object, ScopedPgSession<C>>();

    constructor(proxy: PgProxy<C>) {
      super();
      this.#proxy = proxy;
    }

    get totalCount(): number {
      return this.#count((pool) => pool.available + pool.using + pool.creating);
    }

    get idleCount(): number {
      return this.#count((pool) => pool.available);
    }

    get waitingCount(): number {
      return this.#count((pool) => Math.max(0, pool.waiting - pool.creating));
    }

    #count(count: (pool: Pool<C>) => number): number {
      const { _pool: pool } = this.#proxy;
      return pool === undefined ? 0 : count(pool);
    }

    connect(callback?: Callback): Promise<ScopedPgSession<C>> | undefined {
      return told(this.#session(), callback, release);
    }

    async #session(): Promise<ScopedPgSession<C>> {
      const lease = await this.#proxy._getObj();
      let session = this.#sessions.get(lease);
      if (session === undefined) this.#sessions.set(lease, session = withRelease(lease));
      return session;
    }

    query(query: unknown, values?: unknown, callback?: unknown): unknown {
      const sent = this.#session().then((session) => {
        const result = (session as unknown as Query).query(query, values, callback);
        return isThenable(result) ? result : undefined;
      });
      const called = typeof values === "function" ? values : callback;
      const { submit, handleError } = Object(query);
      if (typeof submit === "function") {
        sent.then(undefined, (error) => handleError?.call(query, error));
        return query;
      }
      if (typeof called !== "function") return sent;
      sent.then(undefined, (error) => called(error));
      return undefined;
    }

    end(callback?: Callback): Promise<void> | undefined {
      return told(Promise.resolve(this.#proxy._pool?.shutdown()), callback);
    }
  };
}

/** Returns the promise, or calls the callback. */
function told<R>(
  promise: Promise<R>,
  callback: Callback | undefined,
  done?: () => void,
): Promise<R> | undefined {
  if (callback === undefined) return promise;
  promise.then((result) => callback(undefined, result, done), (error) => callback(error));
  return undefined;
}

/** The lease with its own `release`. */
function withRelease<C extends PgClientShape>(lease: C): ScopedPgSession<C> {
  return new globalThis.Proxy(lease, {
    get: (lease, key) => key === "release" ? release : Reflect.get(lease, key),
    set: (lease, key, value) => Reflect.set(lease, key, value),
    has: (lease, key) => key === "release" || Reflect.has(lease, key),
  }) as ScopedPgSession<C>;
}

/** {@linkcode scopedPgPool} without types. */
export function newScopedPool<C extends PgClientShape>(
  proxy: PgProxy<C>,
  Client: unknown,
): ScopedPgPool<C> {
  if (typeof Object(proxy)._getObj !== "function") {
    throw new ProxyError(`scopedPgPool: proxy must be a Proxy with a pool, got ${shown(proxy)}`);
  }
  const Base = Client === undefined ? Object : emitterOf(Client) ?? Object;
  return new (scopedClass(Base as new () => object))(proxy) as unknown as ScopedPgPool<C>;
}

// Pool: a `Pool` in the shape of pg.Pool.

import { asyncDispose } from "../../disposal.ts";
import { PoolClosedError } from "../../errors.ts";
import { Pool } from "../../pool.ts";
import type { Loan } from "../../pool/loan.ts";
import { call, type Callback } from "../callback.ts";
import { CancellingPool } from "../cancelling.ts";
import { here, type Run } from "../context.ts";
import type { Client, ClientClass, Emitter, Submittable } from "./driver.ts";
import { endCursor } from "./ended.ts";
import type { Given } from "./options.ts";
import { Sessions } from "./sessions.ts";

type Done = (error?: unknown) => void;

const NOTHING: Done = () => {};

/** The options, as pg-pool shows them. */
function shownOptions({ config, own }: Given): object {
  const { maxSize, minSize = 0, maxUse, maxLifetime = 0, maxAvailDelay, timeout } = own;
  const shown = {
    ...config,
    max: maxSize || Infinity,
    min: minSize,
    maxUses: maxUse || Infinity,
    maxLifetimeSeconds: maxLifetime / 1000,
    idleTimeoutMillis: maxAvailDelay,
    connectionTimeoutMillis: config.connectionTimeoutMillis ?? timeout,
    allowExitOnIdle: false,
  };
  if (!("password" in config)) return shown;
  const { password: value } = config;
  const hidden = { value, enumerable: false, writable: true, configurable: true };
  return Object.defineProperty(shown, "password", hidden);
}

/** Makes the class of pools, which extends pg's own EventEmitter. */
export function poolClass(
  Base: new () => object,
): new (Client: ClientClass, given: Given) => object {
  const Emitting = Base as new () => Emitter;

  return class PgPool extends Emitting {
    // Drizzle tests this name: it must survive a minifier.
    static override readonly name = "PgPool";

    readonly pool: Pool<Client>;
    readonly Client: ClientClass;
    readonly options: object;
    ending = false;
    ended = false;
    readonly #sessions: Sessions;

    constructor(Client: ClientClass, given: Given) {
      super();
      this.Client = Client;
      this.options = shownOptions(given);
      const sessions = this.#sessions = new Sessions(Client, given);
      sessions.watcher = {
        connected: (client) => this.emit("connect", client),
        removed: (client) => this.emit("remove", client),
        failed: (error, client) => {
          // An `error` without a listener would end the process, and the death of an idle session
          // is harmless.
          if (this.listenerCount("error") > 0) this.emit("error", error, client);
        },
      };
      this.pool = given.cancel
        ? new CancellingPool(sessions)
        : new Pool(sessions.create, sessions.options);
    }

    get totalCount(): number {
      const { available, using, creating } = this.pool;
      return available + using + creating;
    }

    get idleCount(): number {
      return this.pool.available;
    }

    get waitingCount(): number {
      return Math.max(0, this.pool.waiting - this.pool.creating);
    }

    get expiredCount(): number {
      const { config: { maxLifetime }, objects: { using } } = this.pool.stats();
      if (!maxLifetime) return 0;
      return using.filter(({ age }) => age >= Number(maxLifetime)).length;
    }

    connect(callback?: Callback): Promise<Client> | undefined {
      const client = this.pool.borrow().then((loan) => this.#lend(loan));
      if (callback === undefined) return client;
      client.then(
        (client) => call(callback, undefined, client, client.release),
        (error) => call(callback, error, undefined, NOTHING),
      );
      return undefined;
    }

    #lend(loan: Loan<Client>): Client {
      const client = loan.object;
      try {
        client.release = this.#releaseOf(client, loan);
        // Some libraries do not release a session whose first query fails: free its place.
        this.#sessions.of(client).lost = () => {
          if (!loan.ended) void loan.discard("the session has ended");
        };
        this.emit("acquire", client);
      } catch (error) {
        void loan.release();
        throw error;
      }
      return client;
    }

    /**
     * The function keeps the loan, and the session keeps the function: so the loan does not leak
     * while the session is used.
     */
    #releaseOf(client: Client, loan: Loan<Client>): Done {
      let isReleased = false;
      return (error) => {
        if (isReleased) return void loan.release(); // which is logged and counted
        isReleased = true;
        try {
          this.emit("release", error, client);
        } finally {
          if (error && !loan.ended) void loan.discard(error === true ? undefined : error);
          else if (!loan.ended) void loan.release();
        }
      };
    }

    release(client: Client, error?: unknown): void {
      client.release!(error);
    }

    query(query: unknown, values?: unknown, callback?: unknown): unknown {
      if (isSubmittable(query)) return this.#submit(query, values, callback);
      const asked = typeof values === "function"
        ? this.#query(query, undefined)
        : this.#query(query, values);
      const called = typeof values === "function" ? values : callback;
      if (typeof called !== "function") return asked;
      asked.then(
        (result) => call(called as Callback, undefined, result),
        (error) => call(called as Callback, error),
      );
      return undefined;
    }

    #query(query: unknown, values: unknown): Promise<unknown> {
      if (typeof query === "function") {
        return Promise.reject(
          new TypeError("query: the first argument must be a query, got a function"),
        );
      }
      // pg calls back outside the caller's context, unless a tracer binds it. If each return resets
      // the session, the reset belongs in the caller's context.
      const run = this.#sessions.always ? here() : undefined;
      return new Promise((resolve, reject) => {
        this.pool.borrow()
          .then((loan) => this.#ask(loan, query, values, run, resolve, reject), reject);
      }).catch(traced);
    }

    /**
     * Sends a query on a session that no other code sees, and returns the session after the answer.
     */
    #ask(
      loan: Loan<Client>,
      query: unknown,
      values: unknown,
      run: Run | undefined,
      resolve: (result: unknown) => void,
      reject: (error: unknown) => void,
    ): void {
      let isOver = false;
      const end = (error: unknown, result?: unknown) => {
        if (isOver) return; // some failures are reported twice
        isOver = true;
        // Listeners may throw: the session is returned before they are called.
        if (!loan.ended) void (run === undefined ? loan.release() : run(() => loan.release()));
        if (error) reject(error);
        else resolve(result);
        this.emit("release", error, client);
      };
      let client: Client | undefined;
      try {
        client = loan.object;
        const session = this.#sessions.of(client);
        session.untouched = this.listenerCount("acquire") === 0;
        this.emit("acquire", client);
        client.query(query, values, end);
      } catch (error) {
        end(error);
      }
    }

    #submit(query: Submittable, values: unknown, callback: unknown): Submittable {
      const called = typeof values === "function" ? values : callback;
      const fail = (error: unknown) => {
        if (typeof called === "function" && !query.callback) call(called as Callback, error);
        else query.handleError?.(error, undefined);
      };
      this.connect()!.then((client) => {
        if (query.destroyed) return client.release!();
        const end = (error?: unknown) => {
          client.removeListener("drain", drained);
          client.removeListener("end", died);
          client.release!(error);
        };
        const drained = () => end();
        const died = () => {
          end();
          endCursor(query);
        };
        client.on("drain", drained);
        client.on("end", died);
        try {
          client.query(query, values, callback);
        } catch (error) {
          end(error);
          fail(error);
        }
      }, fail);
      return query;
    }

    end(callback?: () => void): Promise<void> | undefined {
      const ended = this.#end();
      if (callback === undefined) return ended;
      ended.then(() => call(callback), (error) => call(callback, error));
      return undefined;
    }

    async #end(): Promise<void> {
      if (this.ending) throw new PoolClosedError("pgPool: end was called before");
      this.ending = true;
      await this.pool.shutdown({ drain: true });
      this.ended = true;
    }

    async [asyncDispose](): Promise<void> {
      if (this.ending) await this.pool.shutdown();
      else await this.#end();
    }
  };
}

function isSubmittable(query: unknown): query is Submittable {
  return typeof (query as Submittable | null | undefined)?.submit === "function";
}

/** Adds the caller's stack to an error, instead of that of the socket. */
function traced(error: unknown): never {
  const { captureStackTrace } = Error as { captureStackTrace?(error: object): void };
  if (error instanceof Error) captureStackTrace?.(error);
  throw error;
}

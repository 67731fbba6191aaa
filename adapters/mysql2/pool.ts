// Pool: a `Pool` in the shapes of mysql2's own pools.

import { asyncDispose } from "../../disposal.ts";
import { Pool } from "../../pool.ts";
import { METHODS } from "../../pool/names.ts";
import type { Loan } from "../../pool/loan.ts";
import { shown } from "../../values.ts";
import { call, type Callback } from "../callback.ts";
import { CancellingPool } from "../cancelling.ts";
import type { Command, Core, CorePool, Module, PromisePool, Session, Wrapper } from "./driver.ts";
import { type Given, SECRETS } from "./options.ts";
import { hide } from "../options.ts";
import { Sessions } from "./sessions.ts";
import { watchStream } from "./streams.ts";

type CoreClass = new (options: { config: object }) => CorePool;
type PromiseClass = new (core: CorePool, promise?: unknown) => PromisePool;

/** Creates a pool in the shape that the module's `createPool` has. */
export function newPool(mysql: Module, given: Given): object {
  // This pool of mysql2 only creates sessions. It keeps none, and so has no timers.
  const made = mysql.createPool({ ...given.config, ...secretsOf(given), ...UNLIMITED });
  const byPromises = !isCore(made);
  const factory = byPromises ? made.pool as CorePool : made;
  if (!isCore(factory)) {
    throw new TypeError(
      `mysqlPool: createPool must return a pool, as mysql2's does, got ${shown(made)}`,
    );
  }
  hide(factory.config.connectionConfig, SECRETS);
  const sessions = new Sessions(factory, given, byPromises);
  const { MysqlPool } = classesOf(factory);
  const core = new MysqlPool(shownConfig(factory, given), given, sessions);
  return byPromises ? core.promise() : core;
}

const UNLIMITED = { connectionLimit: 0, gracefulEnd: true };

function secretsOf({ config }: Given): Record<string, unknown> {
  return Object.fromEntries(
    SECRETS.filter((name) => name in config).map((name) => [name, config[name]]),
  );
}

/** mysql2's promise pool wraps a callback pool. */
function isCore(pool: unknown): pool is CorePool {
  return typeof Object(pool).promise === "function";
}

/** The options, as mysql2's pool shows them. */
function shownConfig({ config }: CorePool, { own }: Given): object {
  const { maxSize: connectionLimit, maxAvailDelay: idleTimeout, maxWaiting: queueLimit = 0 } = own;
  const bounds = { connectionLimit, maxIdle: connectionLimit, idleTimeout, queueLimit };
  return Object.assign(Object.create(Reflect.getPrototypeOf(config)), config, bounds);
}

type Classes = ReturnType<typeof newClasses>;

/** The classes for each mysql2; most programs have only one. */
const classes = new WeakMap<object, Classes>();

function classesOf(factory: CorePool): Classes {
  const { constructor } = factory;
  let known = classes.get(constructor);
  if (known === undefined) classes.set(constructor, known = newClasses(factory));
  return known;
}

function newClasses(factory: CorePool) {
  const BasePool = factory.constructor as CoreClass;
  const BasePromisePool = factory.promise().constructor as PromiseClass;

  /** The shape of mysql2's callback pool; other members are inherited from it. */
  class MysqlPool extends BasePool {
    readonly pool: Pool<Session>;
    readonly #sessions: Sessions;
    #isAsking = false;

    constructor(config: object, given: Given, sessions: Sessions) {
      super({ config });
      this.#sessions = sessions;
      sessions.watcher = {
        connected: (core) => this.emit("connection", core),
        released: (core) => this.emit("release", core),
      };
      this.pool = given.cancel
        ? new CancellingPool(sessions)
        : new Pool(sessions.create, sessions.options);
      answerAs(this.pool, this);
    }

    override getConnection(callback: Callback): void {
      const { pool } = this;
      const isOwn = this.#isAsking;
      const borrowing = pool.borrow();
      if (pool.waiting > pool.creating) this.emit("enqueue");
      borrowing.then(
        (loan) => this.#lend(loan, isOwn, callback),
        (error) => call(callback, error),
      );
    }

    #lend(loan: Loan<Session>, isOwn: boolean, callback: Callback): void {
      let core: Core;
      try {
        const isSeen = !isOwn || this.listenerCount("acquire") + this.listenerCount("release") > 0;
        core = this.#sessions.of(loan.object).lend(loan, isSeen);
        this.emit("acquire", core);
      } catch (error) {
        void loan.release();
        return call(callback, error);
      }
      call(callback, null, core);
    }

    override query(...args: unknown[]): Command {
      const command = this.#ask(() => super.query(...args));
      watchStream(command);
      return command;
    }

    override execute(...args: unknown[]): void {
      this.#ask(() => super.execute(...args));
    }

    /** mysql2's own `query` and `execute` call `getConnection`, and do not expose the session. */
    #ask<R>(ask: () => R): R {
      this.#isAsking = true;
      try {
        return ask();
      } finally {
        this.#isAsking = false;
      }
    }

    override releaseConnection(session: Session): void {
      this.#sessions.of(session).release();
    }

    /** The promise wrapper of a session, always the same one. */
    wrapperOf(core: Core): Wrapper {
      return this.#sessions.of(core).wrapper;
    }

    override end(callback?: Callback): void {
      this._closed = true;
      const ended = this.pool.shutdown({ drain: true });
      if (callback !== undefined) {
        ended.then(() => call(callback), (error) => call(callback, error));
      }
    }

    override promise(promise?: unknown): PromisePool {
      return new MysqlPromisePool(this, promise);
    }

    async [asyncDispose](): Promise<void> {
      this._closed = true;
      await this.pool.shutdown({ drain: true });
    }
  }

  /** The shape of mysql2's promise pool. */
  class MysqlPromisePool extends BasePromisePool {
    readonly #core: MysqlPool;

    constructor(core: MysqlPool, promise?: unknown) {
      super(core, promise);
      this.#core = core;
      this.pool = core.pool;
    }

    override getConnection(): Promise<Wrapper> {
      return new Promise((resolve, reject) => {
        this.#core.getConnection((error, core) =>
          error ? reject(error) : resolve(this.#core.wrapperOf(core))
        );
      });
    }

    releaseConnection(session: Session): void {
      this.#core.releaseConnection(session);
    }

    [asyncDispose](): Promise<void> {
      return this.#core[asyncDispose]();
    }
  }

  return { MysqlPool, MysqlPromisePool };
}

/**
 * Adds the members of mysql2's callback pool to ours: mysql2's promise pool, Knex, and code that
 * passes `pool.pool` to a library with callbacks use them.
 */
function answerAs(pool: Pool<Session>, core: CorePool): void {
  for (let from: object | null = core; from !== null; from = Reflect.getPrototypeOf(from)) {
    for (const key of from === core ? ["config", "_closed"] : Reflect.ownKeys(from)) {
      if (key in pool && !Object.hasOwn(METHODS, key)) continue; // these only throw, and name the method to call
      const get = () => {
        const value: unknown = Reflect.get(core, key);
        return typeof value === "function" ? value.bind(core) : value;
      };
      Object.defineProperty(pool, key, { get, configurable: true });
    }
  }
}

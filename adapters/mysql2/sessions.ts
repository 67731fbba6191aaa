// Sessions: creates, resets and closes sessions, and handles their death.

import type { CloseContext, CreateContext, PoolOptions } from "../../pool/options.ts";
import { addressOf, cancelQuery } from "./cancel.ts";
import { ask, connect, type Core, coreOf, type CorePool, isDead, type Session } from "./driver.ts";
import type { Given } from "./options.ts";
import { rollback, settle } from "./reset.ts";
import { OpenSession } from "./session.ts";
import { resetTo, takeSnapshot } from "./snapshot.ts";
import { watchNames } from "./variables.ts";

/** Emits the events of the pool that users see. */
export interface Watcher {
  connected(core: Core): void;
  released(core: Core): void;
}

/** The sessions of one pool. */
export class Sessions {
  readonly #factory: CorePool;
  readonly #given: Given;
  readonly #byPromises: boolean;
  readonly #known = new WeakMap<Core, OpenSession>();
  /** The pool that users see. */
  watcher: Watcher | undefined;

  /** @param factory a pool of mysql2, used only to create sessions */
  constructor(factory: CorePool, given: Given, byPromises: boolean) {
    this.#factory = factory;
    this.#given = given;
    this.#byPromises = byPromises;
  }

  /** The options of the `Pool` of sessions. */
  get options(): PoolOptions<Session> {
    const { own } = this.#given;
    const asked = own.healthAfter !== undefined || own.healthFreq !== undefined;
    return {
      tracer: (session) => `session ${coreOf(session).threadId ?? "?"}`,
      ...asked ? { health: (session: Session) => ask(coreOf(session), "ping") } : {},
      ...own,
      opener: (session) => this.#open(session),
      retter: (session) => this.#reset(session),
      closer: (session, context) => this.#close(session, context),
    };
  }

  /** The record of a session of this pool. */
  of(session: Session): OpenSession {
    return this.#known.get(coreOf(session))!;
  }

  /** Connects a session. */
  readonly create = async (_n: number, context: CreateContext): Promise<Session> => {
    const { signal, invalidate } = context;
    const { core: early, connected } = connect(this.#factory);
    const giveUp = () => void early?.stream.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      if (early !== undefined) this.#know(early, invalidate);
      const core = await connected;
      if (core !== early) this.#know(core, invalidate);
      const session = this.#known.get(core)!;
      return this.#byPromises ? session.wrapper : core;
    } catch (error) {
      connected.catch(() => {});
      giveUp();
      throw error;
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
  };

  #know(core: Core, invalidate: (why?: unknown) => void): void {
    const session: OpenSession = new OpenSession(core, {
      invalidate,
      released: () => this.watcher?.released(core),
      destroyed: () => void this.cancel(core).then(() => cutOff(session)),
    });
    this.#known.set(core, session);
  }

  async #open(object: Session): Promise<void> {
    const { reset, cancel } = this.#given;
    const session = this.of(object);
    const { core, status, login } = session;
    if (cancel) session.address = await addressOf(core);
    if (reset === "session") {
      const { names, end } = watchNames(core);
      await this.#greet(object).finally(end);
      session.snapshot = await takeSnapshot(core, names, login);
    } else await this.#greet(object);
    status.keep();
    session.keepListeners();
  }

  async #greet(object: Session): Promise<void> {
    await this.#given.own.opener?.(object);
    this.watcher?.connected(coreOf(object));
    // Wait for queries of listeners: their effects belong to the initial state.
    if (!this.of(object).status.isQuiet) await ask(coreOf(object), "ping");
  }

  /** Resets a session between two borrowers; without a promise, if there is nothing to do. */
  #reset(object: Session): Promise<void> | undefined {
    const session = this.of(object);
    session.restoreListeners();
    const { run } = session;
    session.run = undefined;
    if (session.isDead) return undefined;
    if (this.#given.reset === "rollback" && !session.needsCleaning) return undefined;
    // A failure of a dead session is not reported again.
    const clean = () =>
      this.#clean(object, session).catch((error) => {
        if (!session.isDead) throw error;
      });
    return run === undefined ? clean() : run(clean);
  }

  async #clean(object: Session, session: OpenSession): Promise<void> {
    const { core, status, login } = session;
    const { reset } = this.#given;
    if (session.cancelling !== undefined) await cancelled(session);
    if (!status.isQuiet) await settle(core, session.streams);
    if (reset === "session") return await resetTo(core, session.snapshot!, login);
    if (login.isChanged) throw new Error("a borrower has changed the user of the session");
    await rollback(core, status);
    if (typeof reset === "function") await reset(object);
  }

  /** Cancels the running query of a session at the server, if there is one. */
  cancel(object: Session): Promise<void> {
    const session = this.of(object);
    const { core, status, address } = session;
    if (address === undefined || status.isQuiet) return Promise.resolve();
    return session.cancelling ??= cancelQuery(this.#factory, address, (error) => {
      const { logger = console, logLevel } = this.#given.own;
      if (logLevel === "silent" || logLevel === "error") return;
      logger.warn(`mysqlPool: session ${core.threadId}: its query cannot be cancelled: ${error}`);
    });
  }

  async #close(object: Session, context: CloseContext): Promise<void> {
    const session = this.of(object);
    session.closing = true;
    const { core, status } = session;
    const { stream } = core;
    const force = () => cutOff(session);
    context.signal.addEventListener("abort", force, { once: true });
    try {
      if (stream.destroyed) return;
      const closed = new Promise((resolve) => stream.once("close", resolve));
      await this.cancel(object);
      if (status.isQuiet && !isDead(core)) leave(core);
      else force();
      await closed;
    } finally {
      context.signal.removeEventListener("abort", force);
    }
  }
}

/**
 * The server may get the cancellation after the end of the query: it must not cancel another one.
 */
async function cancelled(session: OpenSession): Promise<void> {
  await session.cancelling;
  session.cancelling = undefined;
  const { core, status, streams } = session;
  if (!status.isQuiet) await settle(core, streams);
  await ask(core, "query", "do 0").catch(() => {});
}

/** Fails pending queries; with mysql2's own `destroy` they would wait for ever. */
function cutOff({ core }: OpenSession): void {
  core.stream.destroy(new Error("the session is closed"));
}

/** Says goodbye, so that the server logs no aborted connection. */
function leave(core: Core): void {
  Reflect.apply((Reflect.getPrototypeOf(core) as Core).end, core, []);
}

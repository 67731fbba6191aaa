// Sessions: creates, resets and closes sessions, and handles their death.

import { PoolError } from "../../errors.ts";
import { inBorrowersContext } from "../../pool/hooks.ts";
import type { CloseContext, CreateContext, PoolOptions } from "../../pool/options.ts";
import { cancelQuery } from "./cancel.ts";
import { type Client, type ClientClass, isBusy, isNative, isQuiet } from "./driver.ts";
import { watchEnd } from "./ended.ts";
import { type Listeners, listenersOf, restoreListeners } from "../listeners.ts";
import { watchNames } from "./names.ts";
import type { Given } from "./options.ts";
import { resetOf, resetSession, settle } from "./reset.ts";

/** The adapter's record of one session. */
export interface Session {
  readonly client: Client;
  /** Its listeners when it was new. */
  listeners: Listeners;
  /** No other code has had the session since its listeners were restored: there are no new ones. */
  untouched: boolean;
  /** The statements that reset it. */
  reset: string;
  /** The transaction status of its last answer, if the driver does not keep it. */
  status: string | null | undefined;
  closing: boolean;
  /** Its query is being cancelled. */
  cancelling: Promise<void> | undefined;
  /** Called when the session ends during a loan. */
  lost: (() => void) | undefined;
}

/** Emits the events of the pool that users see. */
export interface Watcher {
  connected(client: Client): void;
  removed(client: Client): void;
  /** An idle session has died. */
  failed(error: unknown, client: Client): void;
}

/** The sessions of one pool. */
export class Sessions {
  readonly #Client: ClientClass;
  readonly #given: Given;
  readonly #known = new WeakMap<Client, Session>();
  /** The pool that users see. */
  watcher: Watcher | undefined;

  constructor(Client: ClientClass, given: Given) {
    if (isNative(Client) && !given.own.maxUsingDelayKill) {
      throw new TypeError(
        "pgPool: with pg.native a query may hang for ever once its session has died: " +
          "give maxUsingDelayKill, which ends it, or pass pg itself",
      );
    }
    this.#Client = Client;
    this.#given = given;
  }

  /** The options of the `Pool` of sessions. */
  get options(): PoolOptions<Client> {
    const { own } = this.#given;
    const asked = own.healthAfter !== undefined || own.healthFreq !== undefined;
    return {
      tracer: (client) => `session ${client.processID ?? "?"}`,
      ...asked ? { health: (client: Client) => client.query("") } : {},
      ...own,
      opener: (client) => this.#open(client),
      retter: inBorrowersContext((client: Client) => this.#reset(client)),
      closer: (client, context) => this.#close(client, context),
    };
  }

  /** The record of a session of this pool. */
  of(client: Client): Session {
    return this.#known.get(client)!;
  }

  /** Connects a session. */
  readonly create = async (_n: number, context: CreateContext): Promise<Client> => {
    const { signal, invalidate } = context;
    const client = new this.#Client(this.#given.config);
    const session: Session = {
      client,
      listeners: new Map(),
      untouched: false,
      reset: "",
      status: undefined,
      closing: false,
      cancelling: undefined,
      lost: undefined,
    };
    this.#known.set(client, session);
    this.#watchStatus(session);
    // Stays for its whole life: an `error` without a listener ends the process.
    client.on("error", (error: unknown) => this.#died(session, error, invalidate));
    const giveUp = () => client.connection?.stream?.destroy();
    signal.addEventListener("abort", giveUp, { once: true });
    try {
      await client.connect();
    } finally {
      signal.removeEventListener("abort", giveUp);
    }
    const letGo = watchEnd(client);
    client.on("end", () => {
      invalidate("the session has ended");
      session.lost?.();
      letGo();
    });
    return client;
  };

  #watchStatus(session: Session): void {
    const { client } = session;
    if (typeof client.getTransactionStatus === "function") return;
    if (typeof client.connection?.on !== "function") {
      throw new PoolError(
        "pgPool: this Client does not show whether a transaction is open: " +
          "it must have getTransactionStatus, as pg's has",
      );
    }
    // Older versions do not keep the status, but emit it.
    client.connection.on("readyForQuery", (message?: { status?: string }) => {
      session.status = message?.status;
    });
  }

  #died(session: Session, error: unknown, invalidate: (why?: unknown) => void): void {
    if (session.closing) return;
    invalidate(error);
    // A session that is closed at once was idle. A borrower gets the error by its query.
    if (session.closing) this.watcher?.failed(error, session.client);
  }

  async #open(client: Client): Promise<void> {
    const { reset } = this.#given;
    const session = this.of(client);
    if (reset === "session") {
      const { names, end } = watchNames(client);
      await this.#greet(client).finally(end);
      session.reset = await resetOf(client, names);
    } else await this.#greet(client);
    session.listeners = listenersOf(client);
  }

  async #greet(client: Client): Promise<void> {
    await this.#given.own.opener?.(client);
    this.watcher?.connected(client);
  }

  /** Resets a session between two borrowers; without a promise, if there is nothing to do. */
  #reset(client: Client): Promise<void> | undefined {
    const session = this.of(client);
    if (session.untouched) session.untouched = false;
    else restoreListeners(client, session.listeners);
    return this.#needsReset(session) ? this.#clean(session) : undefined;
  }

  /** Whether the session must be reset before it is lent again. */
  #needsReset(session: Session): boolean {
    const { client, cancelling } = session;
    return this.#given.reset !== "rollback" || cancelling !== undefined || !isQuiet(client) ||
      isOpen(session);
  }

  /** Whether every return resets the session by queries. */
  get always(): boolean {
    return this.#given.reset !== "rollback";
  }

  async #clean(session: Session): Promise<void> {
    const { client } = session;
    const { reset } = this.#given;
    if (session.cancelling !== undefined) await this.#cancelled(session);
    // The status is reliable only after the last answer is complete.
    if (!isQuiet(client) && !await settle(client)) return; // it has died, which the pool knows
    const open = isOpen(session);
    if (reset === "session") return await resetSession(client, open, session.reset);
    if (open) await client.query("rollback");
    if (typeof reset === "function") await reset(client);
  }

  /** The signal may arrive after the end of the query: it must not cancel the next one. */
  async #cancelled(session: Session): Promise<void> {
    const { client } = session;
    await session.cancelling;
    session.cancelling = undefined;
    if (!isQuiet(client) && !await settle(client)) return;
    await client.query("").catch(() => {});
  }

  /** Cancels the running query of a session at the server, if there is one. */
  cancel(client: Client): Promise<void> {
    const session = this.of(client);
    if (!this.#given.cancel || !isBusy(client)) return Promise.resolve();
    const { config, own } = this.#given;
    return session.cancelling ??= cancelQuery(this.#Client, config, client, (error) => {
      const { logger = console, logLevel } = own;
      if (logLevel === "silent" || logLevel === "error") return;
      logger.warn(`pgPool: session ${client.processID}: its query cannot be cancelled: ${error}`);
    });
  }

  async #close(client: Client, context: CloseContext): Promise<void> {
    const session = this.of(client);
    session.closing = true;
    const force = () => void client.connection?.stream?.destroy();
    context.signal.addEventListener("abort", force, { once: true });
    try {
      await this.cancel(client);
      await client.end();
    } finally {
      context.signal.removeEventListener("abort", force);
      this.watcher?.removed(client);
    }
  }
}

function isOpen({ client, status }: Session): boolean {
  const told = client.getTransactionStatus === undefined ? status : client.getTransactionStatus();
  return told !== "I";
}

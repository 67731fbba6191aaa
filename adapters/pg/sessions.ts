// Sessions: how they are made, reset and closed, and what happens when one of them dies.

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

/** What is known of one session. */
export interface Session {
  readonly client: Client;
  /** Its listeners when it was new. */
  listeners: Listeners;
  /** Nobody but this adapter has had it since its listeners were restored: there are no others. */
  untouched: boolean;
  /** The statements that reset it. */
  reset: string;
  /** What its last answer has said of a transaction, where the driver does not say. */
  status: string | null | undefined;
  closing: boolean;
  /** Its query is being cancelled. */
  cancelling: Promise<void> | undefined;
  /** It has ended: whoever has it can do nothing with it. */
  lost: (() => void) | undefined;
}

/** What the pool that is shown tells of sessions. */
export interface Watcher {
  connected(client: Client): void;
  removed(client: Client): void;
  /** An idle one has died. */
  failed(error: unknown, client: Client): void;
}

/** Those of one pool. */
export class Sessions {
  readonly #Client: ClientClass;
  readonly #given: Given;
  readonly #known = new WeakMap<Client, Session>();
  /** Who is told. */
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

  /** What makes sessions a pool's. */
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

  /** Which must be one of these. */
  of(client: Client): Session {
    return this.#known.get(client)!;
  }

  /** Connects one. */
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
    // For its whole life: an `error` that nobody hears ends the process.
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
    // Older ones do not tell, but hear it.
    client.connection.on("readyForQuery", (message?: { status?: string }) => {
      session.status = message?.status;
    });
  }

  #died(session: Session, error: unknown, invalidate: (why?: unknown) => void): void {
    if (session.closing) return;
    invalidate(error);
    // One that is closed at once was idle; a borrower hears of it by its query.
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

  /** Between two borrowers. Most often there is nothing to do, and no promise to be waited for. */
  #reset(client: Client): Promise<void> | undefined {
    const session = this.of(client);
    if (session.untouched) session.untouched = false;
    else restoreListeners(client, session.listeners);
    return this.#needsReset(session) ? this.#clean(session) : undefined;
  }

  /** Whether something is to be done for it before it is lent again. */
  #needsReset(session: Session): boolean {
    const { client, cancelling } = session;
    return this.#given.reset !== "rollback" || cancelling !== undefined || !isQuiet(client) ||
      isOpen(session);
  }

  /** Whether each is reset by queries, whatever its borrower did. */
  get always(): boolean {
    return this.#given.reset !== "rollback";
  }

  async #clean(session: Session): Promise<void> {
    const { client } = session;
    const { reset } = this.#given;
    if (session.cancelling !== undefined) await this.#cancelled(session);
    // The status is that of the last answer: until it is complete, it is not to be relied on.
    if (!isQuiet(client) && !await settle(client)) return; // it is known to have died
    const open = isOpen(session);
    if (reset === "session") return await resetSession(client, open, session.reset);
    if (open) await client.query("rollback");
    if (typeof reset === "function") await reset(client);
  }

  /** The signal may be under way when the query has come to its end; it is not to hit the next one. */
  async #cancelled(session: Session): Promise<void> {
    const { client } = session;
    await session.cancelling;
    session.cancelling = undefined;
    if (!isQuiet(client) && !await settle(client)) return;
    await client.query("").catch(() => {});
  }

  /** Has the server cancel what a session is asked, if it is. */
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

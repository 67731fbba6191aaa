// Sessions: creates, resets and closes sessions, and handles their death.

import type { CloseContext, CreateContext, PoolOptions } from "../../pool/options.ts";
import { abortReason } from "../../values.ts";
import { type Listeners, listenersOf, restoreListeners } from "../listeners.ts";
import type { Given } from "./options.ts";
import type { Make, Session } from "./session.ts";

/** The record of one session. */
interface Known {
  readonly session: Session;
  readonly invalidate: (why?: unknown) => void;
  /** Its listeners when it was new. */
  listeners: Listeners;
  /** `opener` has selected a database: only `opener` knows which. */
  moved: boolean;
  closing: boolean;
}

/** The sessions of one pool. */
export class Sessions {
  readonly #make: Make;
  readonly #given: Given;
  readonly #known = new WeakMap<object, Known>();

  constructor(make: Make, given: Given) {
    this.#make = make;
    this.#given = given;
  }

  /** The options of the `Pool` of sessions. */
  get options(): PoolOptions<object> {
    const { own } = this.#given;
    const asked = own.healthAfter !== undefined || own.healthFreq !== undefined;
    return {
      ...asked ? { health: (client: object) => this.#of(client).session.ping() } : {},
      tracer: () => "session",
      ...own,
      opener: (client) => this.#open(client),
      retter: (client) => this.#reset(client),
      closer: (client, context) => this.#close(client, context),
    };
  }

  /** Connects a session. */
  readonly create = async (_n: number, context: CreateContext): Promise<object> => {
    const { signal, invalidate } = context;
    const session = this.#make(this.#given.config);
    const { client, emitter } = session;
    const known = { session, invalidate, listeners: new Map(), moved: false, closing: false };
    this.#known.set(client, known);
    let live = false;
    let failure: unknown;
    // Stays for its whole life: an `error` without a listener ends the process.
    emitter.on("error", (error: unknown) => {
      failure = error;
      if (live && !known.closing) invalidate(error);
    });
    try {
      await unlessAborted(session.connect(), signal);
      if (failure !== undefined) throw failure; // ioredis ignores a failed select
    } catch (error) {
      session.destroy();
      throw plain(failure ?? error);
    }
    live = true;
    emitter.on("end", () => known.closing || invalidate("the session has ended"));
    return client;
  };

  #of(client: object): Known {
    return this.#known.get(client)!;
  }

  async #open(client: object): Promise<void> {
    const known = this.#of(client);
    const { marks, emitter } = known.session;
    await this.#given.own.opener?.(client);
    known.moved = marks.database;
    marks.clear();
    known.listeners = listenersOf(emitter);
  }

  /** Resets a session between two borrowers; without a promise, if there is nothing to do. */
  #reset(client: object): Promise<void> | void {
    const known = this.#of(client);
    const { session } = known;
    restore(known);
    if (!session.ready) return void known.invalidate("the session has ended");
    if (!needsReset(session) && this.#given.reset === undefined) return session.marks.clear();
    return this.#clean(known).catch((error) => {
      if (session.ready) throw error;
      known.invalidate(error);
    });
  }

  async #clean(known: Known): Promise<void> {
    const { session, moved } = known;
    const { client, marks } = session;
    const { own, reset } = this.#given;
    if (marks.lost === undefined && session.busy) {
      if (marks.blocking) throw new Error("a blocking command was still running");
      await session.settle();
    }
    if (marks.lost !== undefined) throw new Error(`${marks.lost} cannot be undone`);
    if (marks.state || session.subscribed || moved && marks.database) {
      await session.restart();
      await own.opener?.(client);
      restore(known);
    } else if (!marks.clean) await session.tidy();
    await reset?.(client);
    marks.clear();
  }

  async #close(client: object, context: CloseContext): Promise<void> {
    const known = this.#of(client);
    const { session } = known;
    const { marks } = session;
    known.closing = true;
    const force = () => session.destroy();
    // Do not wait for a blocking command, or one that is never answered.
    if (session.busy && (marks.blocking || marks.lost !== undefined)) return force();
    context.signal.addEventListener("abort", force, { once: true });
    try {
      await session.end();
    } finally {
      context.signal.removeEventListener("abort", force);
    }
  }
}

function needsReset({ busy, subscribed, marks }: Session): boolean {
  return busy || subscribed || !marks.clean;
}

/** Removes the listeners that its borrower has added. */
function restore({ session: { client, emitter }, listeners }: Known): void {
  // The client of node-redis inherits from its emitter. A removed listener may leave own fields
  // behind, and later listeners would not be called.
  if (client !== emitter) {
    Reflect.deleteProperty(client, "_events");
    Reflect.deleteProperty(client, "_eventsCount");
  }
  restoreListeners(emitter, listeners);
}

/** Does not wait for a connection after the signal has aborted. */
function unlessAborted(connected: Promise<unknown>, signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(abortReason(signal));
    signal.addEventListener("abort", abort, { once: true });
    connected.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
    if (signal.aborted) abort();
  });
}

/** The error for several addresses has no message of its own. */
function plain(error: unknown): unknown {
  const { message, errors } = Object(error) as { message?: unknown; errors?: unknown };
  return message === "" && Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
}

// Session: the adapter's record of a session, and the methods that its borrower gets.

import type { Loan } from "../../pool/loan.ts";
import type { Callback } from "../callback.ts";
import { here, type Run } from "../context.ts";
import { type Listeners, listenersOf, restoreListeners } from "../listeners.ts";
import type { Address } from "./cancel.ts";
import { type Core, isDead, type Session, type Wrapper } from "./driver.ts";
import { Login } from "./login.ts";
import type { Snapshot } from "./snapshot.ts";
import { Status } from "./status.ts";
import { Streams } from "./streams.ts";

const ENDED = "the session has ended";

/** The owner of a session. */
export interface Owner {
  readonly invalidate: (why?: unknown) => void;
  /** Its borrower returns it. */
  released(session: OpenSession): void;
  /** Its borrower wants it closed. */
  destroyed(session: OpenSession): void;
}

/** The adapter's record of one session. */
export class OpenSession {
  readonly core: Core;
  readonly status: Status;
  readonly login: Login;
  readonly streams: Streams = new Streams();
  /** Its query is being cancelled. */
  cancelling: Promise<void> | undefined;
  address: Address | undefined;
  snapshot: Snapshot | undefined;
  closing = false;
  /** The context of the borrower that returns it, so that tracers see the reset as part of it. */
  run: Run | undefined;
  readonly #owner: Owner;
  /** The loan of the present or the last borrower. */
  #loan: Loan<Session> | undefined;
  #isReleased = false;
  #isSeen = true;
  #wrapper: Wrapper | undefined;
  readonly #listeners: Map<Session, Listeners> = new Map();

  /** Called before the session is connected, so that no error is missed. */
  constructor(core: Core, owner: Owner) {
    this.core = core;
    this.#owner = owner;
    this.status = new Status(core);
    this.login = new Login(core);
    core.on("error", (error) => this.#died(error));
    // Not lent again. The driver fails the pending queries once `close` is emitted.
    core.on("end", () => owner.invalidate(ENDED));
    core.stream.on("close", () => this.#died(new Error(ENDED)));
    this.#equip();
  }

  /** The promise wrapper of the session, always the same one. */
  get wrapper(): Wrapper {
    if (this.#wrapper === undefined) {
      this.#wrapper = this.core.promise();
      this.#keepListeners(this.#wrapper);
    }
    return this.#wrapper;
  }

  #equip(): void {
    const { core } = this;
    const { destroy } = core;
    core.release = () => this.release();
    core.end = (callback?: Callback) => {
      this.release();
      if (typeof callback === "function") callback();
    };
    core.destroy = () => {
      this.#owner.invalidate("it was destroyed");
      this.#owner.destroyed(this);
      this.#discard("it was destroyed");
      Reflect.apply(destroy, core, []);
    };
    for (const method of ["query", "execute"] as const) {
      // Read at each call, because tracers may patch the prototype later.
      const own = () => (Reflect.getPrototypeOf(core) as Core)[method];
      core[method] = (...args) => {
        const command = Reflect.apply(own(), core, args);
        this.streams.add(command);
        return command;
      };
    }
  }

  /**
   * Gives the session to a borrower. The session keeps the loan, so that the loan does not leak
   * while the session is used.
   *
   * @param isSeen whether code outside the adapter gets the session, and may add listeners
   */
  lend(loan: Loan<Session>, isSeen: boolean): Core {
    this.#loan = loan;
    this.#isReleased = false;
    this.#isSeen = isSeen;
    return this.core;
  }

  /** Returns the session. A second call is logged and counted. */
  release(): void {
    const loan = this.#loan;
    if (loan === undefined) return;
    if (this.#isReleased) return void loan.release();
    this.#isReleased = true;
    try {
      this.#owner.released(this);
    } finally {
      if (this.needsCleaning) this.run = here();
      if (!loan.ended) void loan.release();
    }
  }

  #discard(why: unknown): void {
    if (this.#loan?.ended === false) void this.#loan.discard(why);
  }

  /**
   * Whether the session is dead; then it must not be lent. The driver does not always report this
   * at once.
   */
  get isDead(): boolean {
    const dead = isDead(this.core);
    if (dead) this.#owner.invalidate(ENDED);
    return dead;
  }

  /** Whether its last borrower has visibly left something to clean up. */
  get needsCleaning(): boolean {
    const { status, cancelling, login, streams } = this;
    return status.isOpen || status.autocommit !== undefined || !status.isQuiet ||
      cancelling !== undefined || login.isChanged || !streams.isEmpty;
  }

  #died(error: Error): void {
    this.streams.fail(error);
    if (this.closing) return;
    this.#owner.invalidate(error);
    // Some libraries, such as Drizzle, do not release a session whose first query fails: free its
    // place.
    this.#discard(error);
  }

  /** Keeps the present listeners for all borrowers. */
  keepListeners(): void {
    this.#keepListeners(this.core);
    if (this.#wrapper !== undefined) this.#keepListeners(this.#wrapper);
  }

  #keepListeners(emitter: Session): void {
    this.#listeners.set(emitter, listenersOf(emitter));
  }

  /** Removes the listeners that a borrower has added. */
  restoreListeners(): void {
    const isSeen = this.#isSeen;
    this.#isSeen = true; // a callback of `use` may have added listeners
    if (!isSeen) return;
    for (const [emitter, listeners] of this.#listeners) restoreListeners(emitter, listeners);
  }
}

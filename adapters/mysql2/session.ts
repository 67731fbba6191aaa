// Session: what is known of one, and what its borrower finds on it.

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

/** Whom a session tells. */
export interface Owner {
  readonly invalidate: (why?: unknown) => void;
  /** Its borrower gives it back. */
  released(session: OpenSession): void;
  /** Its borrower wants it closed. */
  destroyed(session: OpenSession): void;
}

/** One session, as the adapter knows it. */
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
  /** The context of the borrower that gives it back, for tracers to see whose reset it is. */
  run: Run | undefined;
  readonly #owner: Owner;
  /** Of its borrower, or of the last one. */
  #loan: Loan<Session> | undefined;
  #isReleased = false;
  #isSeen = true;
  #wrapper: Wrapper | undefined;
  readonly #listeners: Map<Session, Listeners> = new Map();

  /** Before it is connected: it hears of a failure for its whole life. */
  constructor(core: Core, owner: Owner) {
    this.core = core;
    this.#owner = owner;
    this.status = new Status(core);
    this.login = new Login(core);
    core.on("error", (error) => this.#died(error));
    // Nobody else is to have it. What is under way hears of it by the driver, which waits for `close`.
    core.on("end", () => owner.invalidate(ENDED));
    core.stream.on("close", () => this.#died(new Error(ENDED)));
    this.#equip();
  }

  /** The same by promises; one for its whole life. */
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
      // What wraps the methods of all sessions later is to be heard, too.
      const own = () => (Reflect.getPrototypeOf(core) as Core)[method];
      core[method] = (...args) => {
        const command = Reflect.apply(own(), core, args);
        this.streams.add(command);
        return command;
      };
    }
  }

  /**
   * It goes to a borrower, and holds the loan: that is not lost as long as the session is there.
   *
   * @param isSeen whether anybody but the adapter has it, and may add listeners
   */
  lend(loan: Loan<Session>, isSeen: boolean): Core {
    this.#loan = loan;
    this.#isReleased = false;
    this.#isSeen = isSeen;
    return this.core;
  }

  /** Gives it back. A second time is logged and counted. */
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

  /** Whether it is; nobody else is to have it then. The driver does not always say so at once. */
  get isDead(): boolean {
    const dead = isDead(this.core);
    if (dead) this.#owner.invalidate(ENDED);
    return dead;
  }

  /** Whether its last borrower has left something that a look at it shows. */
  get needsCleaning(): boolean {
    const { status, cancelling, login, streams } = this;
    return status.isOpen || status.autocommit !== undefined || !status.isQuiet ||
      cancelling !== undefined || login.isChanged || !streams.isEmpty;
  }

  #died(error: Error): void {
    this.streams.fail(error);
    if (this.closing) return;
    this.#owner.invalidate(error);
    // Some, such as Drizzle, never give back what fails at once: its place is not to be lost, too.
    this.#discard(error);
  }

  /** The listeners that are there now stay. */
  keepListeners(): void {
    this.#keepListeners(this.core);
    if (this.#wrapper !== undefined) this.#keepListeners(this.#wrapper);
  }

  #keepListeners(emitter: Session): void {
    this.#listeners.set(emitter, listenersOf(emitter));
  }

  /** Those that a borrower has added go. */
  restoreListeners(): void {
    const isSeen = this.#isSeen;
    this.#isSeen = true; // by a callback of `use`, of which nothing here is told
    if (!isSeen) return;
    for (const [emitter, listeners] of this.#listeners) restoreListeners(emitter, listeners);
  }
}

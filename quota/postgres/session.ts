// Session: a session of the server, whose locks are the places of this process. It is not reopened.

import { outside } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { after } from "../../pool/clock.ts";
import { quiet, reason } from "../../values.ts";
import { checkClient, type Client } from "./client.ts";
import type { Statements } from "./sql.ts";
import { SETTINGS, type Times } from "./times.ts";

/** The answer to a statement. */
export interface Answer {
  readonly mine: boolean;
  readonly pid: number;
  readonly slots: number[];
  readonly ticket: number | null;
  readonly ahead: number;
  readonly others: number;
  readonly free: number;
  readonly waiting: number[];
  readonly holders: number[];
  /** The process ids of all sessions of the quota. */
  readonly peers?: number[];
  readonly won: boolean;
}

/** Gets the news of other processes. */
export interface Hears {
  /** A session of the quota has sent a notification. */
  told(payload: string): void;
  /** The present sessions of the quota. */
  peers(pids: readonly number[]): void;
}

/** If a timer fires later than this, in ms, the process was frozen. */
const LATE = 500;

/** A session that is set up. */
export class Session {
  readonly statements: Statements;
  /** The process id at the server. */
  pid = 0;
  /** The place of this process in the queue; undefined: it does not wait. */
  ticket: number | undefined = undefined;
  readonly #client: Client;
  readonly #times: Times;
  readonly #hears: Hears;
  readonly #lost = new AbortController();
  /** The functions that reject pending answers. */
  readonly #pending = new Set<(error: unknown) => void>();
  #last: Promise<unknown> = Promise.resolve();
  #endBeat: (() => void) | undefined;
  #over = false;

  /** @throws {PoolError} no session within `times.connect` */
  static async open(
    connect: () => unknown,
    statements: Statements,
    times: Times,
    hears: Hears,
  ): Promise<Session> {
    let late: (() => void) | undefined;
    const opening = outside(async () => {
      const client: unknown = await connect();
      checkClient(client);
      const session = new Session(client, statements, times, hears);
      await session.#setUp();
      return session;
    });
    const limit = new Promise<never>((_, reject) => {
      late = after(
        times.connect,
        true,
        () => reject(new Error(`no session within ${times.connect} ms`)),
      );
    });
    try {
      return await Promise.race([opening, limit]);
    } catch (error) {
      opening.then((session) => session.end(), () => {});
      if (error instanceof PoolError) throw error;
      throw new PoolError(`postgresQuota: cannot connect: ${reason(error)}`, { cause: error });
    } finally {
      late?.();
    }
  }

  private constructor(
    client: Client,
    statements: Statements,
    times: Times,
    hears: Hears,
  ) {
    this.#client = client;
    this.statements = statements;
    this.#times = times;
    this.#hears = hears;
    client.on("error", (error: unknown) => this.#fail(error));
    client.on("end", () => this.#fail("it was closed"));
    client.on("notification", (message: { channel?: string; payload?: string }) => {
      if (message.channel === statements.channel) hears.told(message.payload ?? "");
    });
  }

  async #setUp(): Promise<void> {
    const { pid } = await this.ask(this.statements.setUp(SETTINGS));
    this.pid = pid;
    await this.#client.query(this.statements.listen);
    if (!this.#over) this.#beat();
  }

  /** Aborts when the session ends other than by `end`: its locks are no longer certain. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether the session has ended. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Sends a statement.
   *
   * @throws {PoolError} no answer, or the session has ended
   */
  ask(statement: string): Promise<Answer> {
    // One at a time: pg 9 and later do not queue queries.
    const answer = this.#last.then(() => this.#ask(statement));
    this.#last = answer.catch(() => {});
    return answer;
  }

  async #ask(statement: string): Promise<Answer> {
    if (this.#over) throw this.#lost.signal.reason ?? new PoolError(ENDED);
    try {
      const { rows } = await this.#answered(this.#client.query(statement));
      const answer = JSON.parse(rows[0]?.answer ?? "{}") as Answer;
      if (answer.mine !== true) throw new PoolError(STRANGE);
      if (answer.peers !== undefined) this.#hears.peers(answer.peers);
      return answer;
    } catch (error) {
      this.#fail(error);
      throw this.#lost.signal.reason ?? error;
    }
  }

  /** Also rejects at the time limit, and when the session ends. */
  #answered<V>(asked: Promise<V>): Promise<V> {
    return new Promise<V>((resolve, reject) => {
      const late = this.#deadline(() =>
        fail(new Error(`no answer to a statement within ${this.#times.answer} ms`))
      );
      const done = () => {
        late();
        this.#pending.delete(fail);
      };
      const fail = (error: unknown) => {
        done();
        reject(error);
      };
      this.#pending.add(fail);
      asked.then((answer) => {
        done();
        resolve(answer);
      }, fail);
    });
  }

  /** After a freeze the process has not read the server's answers yet. */
  #deadline(missed: () => void, wait = this.#times.answer): () => void {
    const due = performance.now() + wait;
    let stop = after(wait, false, () => {
      if (performance.now() - due > LATE) stop = this.#deadline(missed, LATE);
      else missed();
    });
    return () => stop();
  }

  #beat(): void {
    this.#endBeat = after(this.#times.beat, false, () => {
      this.ask(this.statements.beat).then(() => this.#over || this.#beat(), () => {});
    });
  }

  /** Whether the session keeps the process alive, if the client allows the choice. */
  hold(on: boolean): void {
    on ? this.#client.ref?.() : this.#client.unref?.();
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#close();
    const error = cause instanceof PoolError
      ? cause
      : new PoolError(`postgresQuota: the session has ended: ${reason(cause)}`, { cause });
    // Do not wait for it: the server may be unreachable.
    this.#client.connection?.stream?.destroy?.();
    quiet(this.#client.end(), () => {});
    this.#lost.abort(error);
    for (const fail of [...this.#pending]) fail(error);
  }

  /** Releases all locks. Resolves when the session has ended. */
  async end(): Promise<void> {
    if (this.#over) return;
    this.#close();
    let late: (() => void) | undefined;
    const patience = new Promise<void>((resolve) =>
      late = after(this.#times.answer, true, resolve)
    );
    await Promise.race([this.#client.end(), patience]).catch(() => {});
    this.#client.connection?.stream?.destroy?.();
    late?.();
  }

  #close(): void {
    this.#over = true;
    this.#endBeat?.();
  }
}

const ENDED = "postgresQuota: the session has ended";

const STRANGE = "postgresQuota: the session is shared: client must connect a new session each " +
  "time, not through a pooler that shares sessions, such as PgBouncer in transaction mode";

// Session: one session of the server, whose locks are the places of this process. It ends for good.

import { outside } from "../../context.ts";
import { PoolError } from "../../errors.ts";
import { after } from "../../pool/clock.ts";
import { quiet, reason } from "../../values.ts";
import { checkClient, type Client } from "./client.ts";
import type { Statements } from "./sql.ts";
import { SETTINGS, type Times } from "./times.ts";

/** What a statement answers. */
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
  /** All sessions of the quota. */
  readonly peers?: number[];
  readonly won: boolean;
}

/** Who hears of what others do. */
export interface Hears {
  /** Some session of the quota has told all. */
  told(payload: string): void;
  /** These sessions of the quota are there. */
  peers(pids: readonly number[]): void;
}

/** A timer that fires by more than this late, in ms, tells of a process that stood still. */
const LATE = 500;

/** A session that is set up. */
export class Session {
  readonly statements: Statements;
  /** The server's process. */
  pid = 0;
  /** Where this process is in the queue; undefined: it does not wait. */
  ticket: number | undefined = undefined;
  readonly #client: Client;
  readonly #times: Times;
  readonly #hears: Hears;
  readonly #lost = new AbortController();
  /** What fails those who wait for an answer. */
  readonly #pending = new Set<(error: unknown) => void>();
  #last: Promise<unknown> = Promise.resolve();
  #endBeat: (() => void) | undefined;
  #over = false;

  /** @throws {PoolError} there is none within `times.connect` */
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

  /** Aborts when the session has ended otherwise than by `end`: its locks are no longer certain. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Whether it has ended. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Asks the server.
   *
   * @throws {PoolError} it has not answered, or the session has ended
   */
  ask(statement: string): Promise<Answer> {
    // One after the other: pg queues no longer what comes while it is busy, from version 9 on.
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

  /** Rejects, too, when it takes too long, and when the session ends. */
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

  /** A process that stood still has not read yet what the server has answered. */
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

  /** Whether the process stays up for it, where the client can tell. */
  hold(on: boolean): void {
    on ? this.#client.ref?.() : this.#client.unref?.();
  }

  #fail(cause: unknown): void {
    if (this.#over) return;
    this.#close();
    const error = cause instanceof PoolError
      ? cause
      : new PoolError(`postgresQuota: the session has ended: ${reason(cause)}`, { cause });
    // The server may not hear of it: it is not to be waited for.
    this.#client.connection?.stream?.destroy?.();
    quiet(this.#client.end(), () => {});
    this.#lost.abort(error);
    for (const fail of [...this.#pending]) fail(error);
  }

  /** Gives up all its locks. Resolves when it has ended. */
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

// Load: a service that borrows connections for its requests, and remembers which of these failed.

import type { Pool } from "../../../mod.ts";
import type { Connection } from "./server.ts";

/** A request that got no answer, or a wrong one. */
export interface Failure {
  /** When it was made, by `performance.now()`. */
  began: number;
  error: unknown;
}

/** How users are. */
export interface Manners {
  /** How long each waits after a failure, in ms. */
  pause?: number;
  /** What each asks for, the `n`th time. */
  ask?: (pool: Pool<Connection>, n: number) => Promise<unknown>;
}

/** So many users, each of whom asks again as soon as there is an answer. */
export class Load implements AsyncDisposable {
  answers = 0;
  readonly failures: Failure[] = [];
  readonly #pool: Pool<Connection>;
  readonly #manners: Manners;
  readonly #users: Promise<unknown>;
  #requests = 0;
  #over = false;

  constructor(pool: Pool<Connection>, users: number, manners: Manners = {}) {
    this.#pool = pool;
    this.#manners = manners;
    this.#users = Promise.all(Array.from({ length: users }, () => this.#user()));
  }

  /** Those that failed though they were made only after `time`. */
  failedSince(time: number): unknown[] {
    return this.failures.filter(({ began }) => began > time).map(({ error }) => error);
  }

  /** Resolves when all have their answers. */
  async stop(): Promise<void> {
    this.#over = true;
    await this.#users;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #user(): Promise<void> {
    const { ask = request, pause = 10 } = this.#manners;
    while (!this.#over) {
      const began = performance.now();
      try {
        await ask(this.#pool, ++this.#requests);
        this.answers++;
      } catch (error) {
        this.failures.push({ began, error });
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }
}

/** Two questions on one connection, whose answers must be its own. */
export async function request(pool: Pool<Connection>, n: number): Promise<void> {
  await pool.use(async (connection) => {
    const said = [await connection.echo(n), await connection.echo(-n)];
    if (said[0] !== n || said[1] !== -n) throw new Error(`${n} got an answer of ${said}`);
  });
}

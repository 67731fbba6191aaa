// A quota whose permits are given by hand, and which counts how each goes back.

import type { Permit, Quota, QuotaClient, QuotaMember } from "../../quota/mod.ts";
import { idle } from "./pool.ts";

/** One call of `acquire`. */
export interface Acquiring {
  readonly signal: AbortSignal;
  readonly resolve: (permit: Permit) => void;
  readonly reject: (error: unknown) => void;
}

/** A permit that was given. */
export interface Given extends Permit {
  readonly losing: AbortController;
  /** How many times it was released. */
  released: number;
}

/** A quota that gives permits when it is told to, or as soon as it is asked for one. */
export class HandQuota implements Quota {
  readonly clients: QuotaClient[] = [];
  readonly acquiring: Acquiring[] = [];
  readonly given: Given[] = [];
  /** How many members were disposed of. */
  disposed = 0;
  readonly #gives: boolean;

  constructor({ gives = false }: { gives?: boolean } = {}) {
    this.#gives = gives;
  }

  attach(client: QuotaClient): QuotaMember {
    this.clients.push(client);
    return {
      acquire: ({ signal }) => this.#acquire(signal),
      [Symbol.asyncDispose]: () => {
        this.disposed++;
        return Promise.resolve();
      },
    };
  }

  #acquire(signal: AbortSignal): Promise<Permit> {
    return new Promise((resolve, reject) => {
      this.acquiring.push({ signal, resolve, reject });
      signal.addEventListener("abort", () => reject(signal.reason));
      if (this.#gives) resolve(this.permit());
    });
  }

  permit(): Given {
    const losing = new AbortController();
    const permit: Given = {
      losing,
      lost: losing.signal,
      released: 0,
      release: () => void permit.released++,
    };
    this.given.push(permit);
    return permit;
  }

  /** Gives the `i`th who has asked a permit. */
  async give(i: number): Promise<Given> {
    const permit = this.permit();
    this.acquiring[i]!.resolve(permit);
    await idle();
    return permit;
  }

  /** The first client. */
  get client(): QuotaClient {
    return this.clients[0]!;
  }

  /** How often each permit was released. */
  get released(): number[] {
    return this.given.map(({ released }) => released);
  }

  /** Which requests were withdrawn. */
  get withdrawn(): boolean[] {
    return this.acquiring.map(({ signal }) => signal.aborted);
  }
}

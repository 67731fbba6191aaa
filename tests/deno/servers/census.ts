// Census: what the server itself counts, again and again, and the most that it ever did.

import type { Server } from "./server.ts";

/** Every few milliseconds, until it is disposed of. */
export class Census implements AsyncDisposable {
  most = 0;
  /** How often it counted any. */
  times = 0;
  readonly #server: Server;
  readonly #counting: Promise<void>;
  #over = false;

  constructor(server: Server) {
    this.#server = server;
    this.#counting = this.#count();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#counting;
  }

  async #count(): Promise<void> {
    while (!this.#over) {
      const count = await this.#server.count().catch(() => 0); // it may be down
      this.most = Math.max(this.most, count);
      if (count > 0) this.times++;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

// A connection to the runner's echo server: something to lend that is bound to its request.

import { connect, env, type Socket } from "./cloudflare.ts";

export class Echo {
  /** The server's number of it. */
  n = 0;
  readonly #socket: Socket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = "";

  private constructor() {
    this.#socket = connect(env().SERVER);
    this.#writer = this.#socket.writable.getWriter();
    this.#reader = this.#socket.readable.getReader();
  }

  static async open(): Promise<Echo> {
    const echo = new Echo();
    echo.n = Number(await echo.#line());
    return echo;
  }

  /** Sends a line, one at a time, and gives what comes back. */
  async say(text: string): Promise<string> {
    await this.#writer.write(new TextEncoder().encode(`${text}\n`));
    return await this.#line();
  }

  close(): Promise<void> {
    return this.#socket.close();
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#reader.read();
      if (done) throw new Error("the server has gone");
      this.#rest += new TextDecoder().decode(value);
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }
}

/** Takes its time, then says goodbye before it closes: what a closer that matters does. */
export async function leave(echo: Echo, ms = 0): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await echo.say("bye");
  await echo.close();
}

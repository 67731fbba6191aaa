// A connection to the runner's echo server: something to lend that is bound to its request.

import { connect, env, type Socket } from "./cloudflare.ts";

export class Echo {
  readonly #socket: Socket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  constructor() {
    this.#socket = connect({ hostname: "127.0.0.1", port: Number(env().ECHO_PORT) });
    this.#writer = this.#socket.writable.getWriter();
    this.#reader = this.#socket.readable.getReader();
  }

  /** Sends a short `text`, and gives what comes back. */
  async say(text: string): Promise<string> {
    await this.#writer.write(new TextEncoder().encode(text));
    const { value } = await this.#reader.read();
    return new TextDecoder().decode(value);
  }

  close(): Promise<void> {
    return this.#socket.close();
  }
}

// A client of a server that greets, then answers each line by a line: yours is a database's.
import { connect, type Socket } from "cloudflare:sockets";

export class Client {
  readonly #socket: Socket;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest = "";

  private constructor(address: string) {
    this.#socket = connect(address);
    this.#writer = this.#socket.writable.getWriter();
    this.#reader = this.#socket.readable.getReader();
  }

  /** Waits until it is greeted, unless `signal` aborts. */
  static async open(address: string, signal: AbortSignal): Promise<Client> {
    const client = new Client(address);
    const giveUp = () => void client.close();
    signal.addEventListener("abort", giveUp, { once: true });
    await client.#line().finally(() => signal.removeEventListener("abort", giveUp));
    return client;
  }

  async ask(line: string): Promise<string> {
    await this.#writer.write(new TextEncoder().encode(`${line}\n`));
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
    const [line = "", ...rest] = this.#rest.split("\n");
    this.#rest = rest.join("\n");
    return line;
  }
}

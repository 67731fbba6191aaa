// Gate: a TCP proxy that can be shut: then nothing passes, and both sides believe that they are connected.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What was held back passes when it is opened again, in its order: also what is out of date by then. */
export class Gate implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isShut = false;

  /** One to that port of this machine. */
  static async to(port: number): Promise<Gate> {
    const gate = new Gate(port);
    gate.#server.listen(0, "127.0.0.1");
    await once(gate.#server, "listening");
    return gate;
  }

  private constructor(port: number) {
    this.#server = createServer({ pauseOnConnect: true }, (client) => {
      const upstream = connect({ port, host: "127.0.0.1" });
      this.#pass(client, upstream);
      this.#pass(upstream, client);
    });
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing passes any longer, nor does anybody hear of that. */
  shut(): void {
    this.#isShut = true;
    for (const socket of this.#sockets) socket.pause();
  }

  open(): void {
    this.#isShut = false;
    for (const socket of this.#sockets) socket.resume();
  }

  /** Ends all connections that there are, so that both sides hear of it. */
  reset(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.reset();
    await closed;
  }

  #pass(from: Socket, to: Socket): void {
    this.#sockets.add(from);
    from.setNoDelay(true);
    from.on("data", (data) => void to.write(data));
    from.on("end", () => to.end());
    from.on("error", () => {}); // it closes, too
    from.on("close", () => {
      this.#sockets.delete(from);
      to.destroy();
    });
    this.#isShut ? from.pause() : from.resume();
  }
}

// Link: a TCP proxy between the pool and its database, which can be cut and restored.
import { once } from "node:events";
import { type AddressInfo, createConnection, createServer, type Server, Socket } from "node:net";

export class Link implements AsyncDisposable {
  #server: Server | undefined;
  #port = 0;
  /** Where its sockets want to go, as they tell `connect`. */
  #target: unknown[] = [];
  readonly #sockets = new Set<Socket>();

  get isUp(): boolean {
    return this.#server !== undefined;
  }

  /** Listens, each time at the same port. */
  async restore(): Promise<void> {
    if (this.#server) return;
    const server = this.#server = createServer((client) => this.#join(client));
    server.listen(this.#port, "127.0.0.1");
    await once(server, "listening");
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Refuses connections, and ends those that there are. */
  cut(): void {
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Connects by this link, wherever it is told to. So TLS still sees the name of the real host. */
  socket(): Socket {
    const socket = new Socket();
    const { connect } = socket;
    const byLink = (...target: unknown[]) => {
      this.#target = target;
      return Reflect.apply(connect, socket, [this.#port, "127.0.0.1"]);
    };
    return Object.assign(socket, { connect: byLink });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve(this.cut());
  }

  #join(client: Socket): void {
    const [port, host] = this.#target as [number, string];
    const database = createConnection(port, host);
    for (const [from, to] of [[client, database], [database, client]] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true).pipe(to);
      from.on("error", () => {}); // it closes, too
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
    }
  }
}

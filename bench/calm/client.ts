// Client: a connection to the server, in the shape of a client of `pg`, which pg-pool asks for.

import { EventEmitter } from "node:events";
import { createConnection, type Socket } from "node:net";

export interface ClientOptions {
  port: number;
  /** Called at each attempt to connect. */
  attempted(): void;
}

export class Client extends EventEmitter {
  /** Connected, and not broken since; pg-pool reads it by its other name. */
  alive = false;
  readonly #options: ClientOptions;
  #socket: Socket | undefined;
  /** The answer that is waited for. */
  #answer: PromiseWithResolvers<void> | undefined;

  constructor(options: ClientOptions) {
    super();
    this.#options = options;
  }

  get _queryable(): boolean {
    return this.alive;
  }

  isConnected(): boolean {
    return this.alive;
  }

  /** With the server's greeting. */
  connect(callback?: (error?: Error) => void): Promise<this> {
    const { port, attempted } = this.#options;
    attempted();
    this.#socket = createConnection({ host: "127.0.0.1", port, noDelay: true });
    this.#socket.on("data", () => this.#answer?.resolve());
    this.#socket.on("error", (error) => this.#broken(error));
    this.#socket.on("close", () => this.#broken(new Error("the connection has ended")));
    const connected = this.#answered().then(() => {
      this.alive = true;
      return this;
    });
    if (callback) connected.then(() => callback(), callback);
    return connected;
  }

  query(): Promise<void> {
    if (!this.alive) return Promise.reject(new Error("not connected"));
    this.#socket!.write("\n");
    return this.#answered();
  }

  end(callback?: () => void): Promise<void> {
    this.alive = false;
    this.#socket?.destroy();
    const ended = Promise.resolve();
    if (callback) ended.then(callback);
    return ended;
  }

  #answered(): Promise<void> {
    this.#answer = Promise.withResolvers<void>();
    return this.#answer.promise;
  }

  #broken(error: Error): void {
    this.#answer?.reject(error);
    if (!this.alive) return;
    this.alive = false;
    this.emit("error", error);
  }
}

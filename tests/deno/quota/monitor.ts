// Monitor: a TCP server that counts its live connections: the resource that quotas are to bound.

import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** For longer than this, in ms, nobody connects without saying its name. */
const NAMELESS = 250;

/** One connection, from when it is accepted to when its client has closed it. */
interface Connection {
  readonly opened: number;
  /** What its client calls itself; empty until it has said so. */
  holder: string;
  uses: number;
  /** Its holder was stopped, blocked or cut off beyond its lease: it no longer counts, nor may it be used. */
  excused: boolean;
}

/**
 * A client sends its name in a line, then a line `u` for each use, which the monitor answers. A
 * connection ends for the monitor before its client hears that it has: the monitor closes second.
 */
export class Monitor implements AsyncDisposable {
  /** The most connections that were live at once, but for excused ones; may be set back to `live`. */
  most = 0;
  /** How many connections it has accepted. */
  accepted = 0;
  /** What should not have happened, a line each. */
  readonly faults: string[] = [];
  /** How often each holder has used its connections. */
  readonly uses: Map<string, number> = new Map();
  readonly #server: Server;
  readonly #connections = new Map<Socket, Connection>();

  static async listen(): Promise<Monitor> {
    const monitor = new Monitor();
    monitor.#server.listen(0, "127.0.0.1");
    await once(monitor.#server, "listening");
    return monitor;
  }

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** How many connections are live now, but for excused ones. */
  get live(): number {
    return this.#count((connection) => !connection.excused);
  }

  /** How many excused connections are still open. */
  get excused(): number {
    return this.#count((connection) => connection.excused);
  }

  /**
   * The connections of that holder count no longer, and may not be used again. One that has had no name
   * for long is its own, too: it was stopped before it could say it.
   */
  excuse(holder: string): void {
    const before = performance.now() - NAMELESS;
    for (const connection of this.#connections.values()) {
      const { holder: name, opened } = connection;
      if (name === holder || name === "" && opened < before) connection.excused = true;
    }
  }

  /** How many connections that holder has. */
  of(holder: string): number {
    return this.#count((connection) => connection.holder === holder);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.destroy();
    await closed;
  }

  #count(counts: (connection: Connection) => boolean): number {
    return [...this.#connections.values()].filter(counts).length;
  }

  #accept(socket: Socket): void {
    const connection = { opened: performance.now(), holder: "", uses: 0, excused: false };
    this.#connections.set(socket, connection);
    this.accepted++;
    this.most = Math.max(this.most, this.live);
    socket.setNoDelay(true);
    let rest = "";
    socket.on("data", (data) => {
      const lines = (rest + data).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#hear(socket, connection, line);
    });
    socket.on("end", () => {
      this.#connections.delete(socket);
      socket.end();
    });
    socket.on("close", () => this.#connections.delete(socket));
    socket.on("error", () => {}); // it closes, too
  }

  #hear(socket: Socket, connection: Connection, line: string): void {
    if (line !== "u") return void (connection.holder = line);
    connection.uses++;
    const { holder, excused } = connection;
    if (excused) this.faults.push(`${holder} has used a connection that it has lost`);
    this.uses.set(holder, (this.uses.get(holder) ?? 0) + 1);
    socket.write("u\n");
  }
}

// Link: a TCP proxy between a pool and its server, with faults to switch on.

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";

/** What may befall the connections that there are. */
export type Cut = "reset" | "half-close" | "stall";

/** It does nothing by itself but pass on what it is sent. */
export class Link implements AsyncDisposable {
  /** How much later everything arrives, in ms. */
  delay = 0;
  /** How long who connects is kept at the gate, in ms: no connect takes less. */
  gate = 0;
  /** How many connections it has accepted. */
  accepted = 0;
  /** How many of these have heard nothing of the server yet: their connects are under way. */
  opening = 0;
  /** The most that ever were, since it was set to 0. */
  most = 0;
  readonly #server: Server;
  readonly #clients = new Set<Socket>();
  readonly #pairs = new Set<Pair>();

  /** One to that port of this machine. */
  static async to(port: number): Promise<Link> {
    const link = new Link(port);
    link.#server.listen(0, "127.0.0.1");
    await once(link.#server, "listening");
    return link;
  }

  private constructor(port: number) {
    this.#server = createServer({ allowHalfOpen: true }, (client) => {
      const opened = this.#open();
      const timer = setTimeout(() => this.#join(client, port, opened), this.gate);
      this.#clients.add(client);
      client.on("error", () => {}); // it closes, too
      client.on("close", () => {
        clearTimeout(timer);
        opened();
        this.#clients.delete(client);
      });
    });
  }

  /** Counts one that connects; to be called once it is connected, or has gone. */
  #open(): () => void {
    this.accepted++;
    this.most = Math.max(this.most, ++this.opening);
    let isOpening = true;
    return () => {
      if (isOpening) this.opening--;
      isOpening = false;
    };
  }

  #join(client: Socket, port: number, opened: () => void): void {
    const upstream = connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    upstream.once("data", opened);
    const pair = new Pair(client, upstream, () => this.delay, () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
  }

  /** Where it listens. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Does that to all connections that there are, or to the oldest `count`; new ones are as good as ever. */
  async cut(how: Cut, count = Infinity): Promise<void> {
    await Promise.all([...this.#pairs].slice(0, count).map((pair) => pair.cut(how)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
    const closed = once(this.#server, "close");
    for (const pair of this.#pairs) pair.destroy();
    for (const client of this.#clients) client.destroy();
    await closed;
  }
}

/** The two halves of a connection. */
class Pair {
  readonly #client: Socket;
  readonly #upstream: Socket;
  readonly #delay: () => number;
  /** The server has closed its side. */
  readonly #left: Promise<unknown>;
  #open = true;
  #pending = Promise.resolve();

  constructor(client: Socket, upstream: Socket, delay: () => number, gone: () => void) {
    this.#client = client;
    this.#upstream = upstream;
    this.#delay = delay;
    for (const [from, to] of [[client, upstream], [upstream, client]] as const) {
      from.setNoDelay(true);
      from.on("data", (data) => this.#pass(() => to.write(data)));
      from.on("end", () => this.#pass(() => to.end()));
      from.on("error", () => this.destroy());
    }
    this.#left = new Promise((resolve) => upstream.once("end", resolve).once("close", resolve));
    upstream.on("close", () => this.#pass(() => client.destroy()));
    client.on("close", () => {
      upstream.destroy();
      gone();
    });
  }

  /** The server hears of it first, and has closed its side: what it counts is the pool's own doing. */
  async cut(how: Cut): Promise<void> {
    this.#open = false;
    this.#upstream.end();
    await this.#left;
    if (how === "reset") return void this.#client.resetAndDestroy();
    if (how === "half-close") this.#client.end();
    // Whatever the client still sends is read, and leads nowhere.
    if (this.#client.readableEnded) this.#client.destroy();
    else this.#client.once("end", () => this.#client.destroy());
  }

  destroy(): void {
    this.#open = false;
    this.#client.destroy();
    this.#upstream.destroy();
  }

  /** In the order in which it came. */
  #pass(send: () => unknown): void {
    const delay = this.#delay();
    const sent = () => void (this.#open && send());
    if (delay === 0) return sent();
    this.#pending = this.#pending.then(() => new Promise((resolve) => setTimeout(resolve, delay)));
    void this.#pending.then(sent);
  }
}

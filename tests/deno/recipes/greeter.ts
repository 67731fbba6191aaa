// A TCP server that greets, then says again each line it hears, until it hangs up.

export class Greeter implements AsyncDisposable {
  /** How many connections there have been. */
  greeted = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly address = `127.0.0.1:${this.#listener.addr.port}`;
  readonly #over = this.#accept();

  /** How many there are now. */
  get open(): number {
    return this.#connections.size;
  }

  /** Ends all connections. */
  hangUp(): void {
    for (const connection of this.#connections) connection.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.hangUp();
    await this.#over;
  }

  async #accept(): Promise<void> {
    const served: Promise<void>[] = [];
    for await (const connection of this.#listener) served.push(this.#serve(connection));
    await Promise.all(served);
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    this.#connections.add(connection);
    this.greeted++;
    try {
      await connection.write(new TextEncoder().encode("welcome\n"));
      await connection.readable.pipeTo(connection.writable);
    } catch {
      // Either side has hung up.
    } finally {
      this.#connections.delete(connection);
    }
  }
}

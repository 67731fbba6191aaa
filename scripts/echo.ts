// A TCP server on loopback that echoes lines, for the tests that need real sockets. It is a witness,
// too: it numbers its connections, and remembers what was said on each.
//
//   on connecting   says the number of the connection, never the same twice
//   wait MS         is echoed after that many milliseconds
//   ? N             is answered by the accounts of all connections from number N on, as JSON
//   anything else   is echoed at once

/** What there is to tell of a connection; one that asks for accounts has none. */
export interface Account {
  n: number;
  open: boolean;
  said: string[];
}

/** It ends with this process. */
export class EchoServer {
  readonly port: number;
  readonly #accounts = new Map<number, Account>();
  #connections = 0;

  constructor() {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = listener.addr.port;
    void this.#accept(listener);
  }

  async #accept(listener: Deno.TcpListener): Promise<void> {
    for await (const conn of listener) {
      const account = { n: ++this.#connections, open: true, said: [] };
      this.#accounts.set(account.n, account);
      // A connection that breaks is its client's affair.
      void this.#serve(conn, account).catch(() => {}).then(() => account.open = false);
    }
  }

  async #serve({ readable, writable }: Deno.TcpConn, account: Account): Promise<void> {
    const writer = writable.getWriter();
    const answer = (text: string) => writer.write(new TextEncoder().encode(`${text}\n`));
    try {
      await answer(String(account.n));
      let rest = "";
      for await (const text of readable.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + text).split("\n");
        rest = lines.pop()!;
        for (const line of lines) await answer(await this.#reply(line, account));
      }
    } finally {
      await writer.close();
    }
  }

  async #reply(line: string, account: Account): Promise<string> {
    const [, what, number] = /^(\?|wait) (\d+)$/.exec(line) ?? [];
    if (what === "?") return this.#tell(Number(number), account);
    account.said.push(line);
    if (what === "wait") await new Promise((resolve) => setTimeout(resolve, Number(number)));
    return line;
  }

  #tell(from: number, asker: Account): string {
    this.#accounts.delete(asker.n);
    return JSON.stringify([...this.#accounts.values()].filter(({ n }) => n >= from));
  }
}

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

const accounts = new Map<number, Account>();
let connections = 0;
let port: number | undefined;

/** Its port; starts it if need be. It ends with this process. */
export function echoPort(): number {
  return port ??= start();
}

function start(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void accept(listener);
  return listener.addr.port;
}

async function accept(listener: Deno.TcpListener): Promise<void> {
  for await (const conn of listener) {
    const account = { n: ++connections, open: true, said: [] };
    accounts.set(account.n, account);
    // A connection that breaks is its client's affair.
    void serve(conn, account).catch(() => {}).then(() => account.open = false);
  }
}

async function serve({ readable, writable }: Deno.TcpConn, account: Account): Promise<void> {
  const writer = writable.getWriter();
  const answer = (text: string) => writer.write(new TextEncoder().encode(`${text}\n`));
  try {
    await answer(String(account.n));
    let rest = "";
    for await (const text of readable.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop()!;
      for (const line of lines) await answer(await reply(line, account));
    }
  } finally {
    await writer.close();
  }
}

async function reply(line: string, account: Account): Promise<string> {
  const [, what, number] = /^(\?|wait) (\d+)$/.exec(line) ?? [];
  if (what === "?") return tell(Number(number), account);
  account.said.push(line);
  if (what === "wait") await new Promise((resolve) => setTimeout(resolve, Number(number)));
  return line;
}

function tell(from: number, asker: Account): string {
  accounts.delete(asker.n);
  return JSON.stringify([...accounts.values()].filter(({ n }) => n >= from));
}

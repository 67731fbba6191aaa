// A TCP server on loopback that gives back what it gets, for the tests that need real sockets.

let port: number | undefined;

/** Its port; starts it if need be. It ends with this process. */
export function echoPort(): number {
  return port ??= start();
}

function start(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  void serve(listener);
  return listener.addr.port;
}

async function serve(listener: Deno.TcpListener): Promise<void> {
  // A connection that breaks is its client's affair.
  for await (const conn of listener) conn.readable.pipeTo(conn.writable).catch(() => {});
}

// The HTTP server on the loopback interface: one for all phases, each sets its handler.

export type Handler = (request: Request) => Promise<Response>;

export class Server implements AsyncDisposable {
  handler: Handler = () => Promise.resolve(new Response("starting\n", { status: 503 }));
  readonly url: string;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(port: number) {
    const hostname = "127.0.0.1";
    this.#server = Deno.serve(
      { hostname, port, onListen: () => {}, onError: failed },
      (request) => this.handler(request),
    );
    this.url = `http://${hostname}:${this.#server.addr.port}`;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#server.shutdown();
  }
}

/** Opens the server; a port that cannot be had is told in one line. */
export function listen(port: number): Server {
  try {
    return new Server(port);
  } catch (error) {
    const why = error instanceof Deno.errors.AddrInUse
      ? "already in use"
      : (error as Error).message;
    throw new Error(`--port ${port}: ${why}`, { cause: error });
  }
}

function failed(error: unknown): Response {
  return new Response(String(error), { status: 500 });
}

// A Worker that talks to a TCP server: each request over a connection of its own, and the requests to
// one Durable Object over few that they share. Its bindings: SERVER, an address such as
// "db.example.com:5432", and ROOM, the namespace of the class Room.
import { env } from "cloudflare:workers";
import { type CreateContext, Pool, Proxy } from "../../mod.ts";
import { type Host, versatile } from "../../scopes/mod.ts";
import { Client } from "./client.ts";

interface Env {
  SERVER: string;
  ROOM: { idFromName(name: string): unknown; get(id: unknown): Room };
}

const open = (_n: number, { signal }: CreateContext) => Client.open((env as Env).SERVER, signal);

const options = {
  maxSize: 2, //           of the six connections that a request may open at once
  timeout: 5_000, //       a visitor does not wait for longer
  createTimeout: 2_000, // a server that does not greet by then is not there
  closer: (client: Client) => client.close(),
};

/** All functions use it, and none is given a connection. */
const server = new Proxy({ fun: open, ...options });

// Only Workers without Node's modules need this.
await versatile.ready();

async function handle(request: Request, { ROOM }: Env): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/rooms/")) return ROOM.get(ROOM.idFromName(pathname)).fetch(request);
  return new Response(`${await server.ask("hello")} ${await name(pathname)}`);
}

function name(pathname: string): Promise<string> {
  return server.ask(pathname.slice(1) || "world");
}

export default {
  fetch: (request: Request, env: Env, ctx: Host): Promise<Response> =>
    versatile.run(() => handle(request, env), ctx),
};

/** Has a pool for as long as it lives, whose connections serve all of its requests. */
export class Room {
  readonly #pool = new Pool(open, {
    ...options,
    health: async (client) => await client.ask("ping") === "ping",
    healthAfter: 1_000, //     what was used a moment ago is still there; later it may not be
    hookTimeout: 1_000, //     nor does a server answer that takes longer
    discardOnError: true, //   an answer that did not come may come yet, to the next question
    maxAvailDelay: 30_000, //  nobody tells a Durable Object of its end: close what is not used
  });
  #requests = 0;

  async fetch({ signal }: Request): Promise<Response> {
    const question = `request ${++this.#requests}`;
    const said = await this.#pool.use((client) => client.ask(question), { signal });
    return new Response(`${said} over ${this.#pool.size} connection`);
  }
}

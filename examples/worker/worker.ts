// A Worker that talks to a TCP server: each request over a connection of its own, and the requests to
// one Durable Object over few that they share. Its bindings: SERVER, an address such as
// "db.example.com:5432", and ROOM, the namespace of the class Room.
import { env } from "cloudflare:workers";
import { Pool, Proxy } from "../../mod.ts";
import { type Host, versatile } from "../../scopes/mod.ts";
import { Client } from "./client.ts";

interface Env {
  SERVER: string;
  ROOM: { idFromName(name: string): unknown; get(id: unknown): Room };
}

const options = { maxSize: 2, timeout: 5_000, closer: (client: Client) => client.close() };

/** All functions use it, and none is given a connection. */
const server = new Proxy({ fun: () => Client.open((env as Env).SERVER), ...options });

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
  readonly #pool = new Pool(() => Client.open((env as Env).SERVER), options);
  #requests = 0;

  async fetch(_request: Request): Promise<Response> {
    const said = await this.#pool.use((client) => client.ask(`request ${++this.#requests}`));
    return new Response(`${said} over ${this.#pool.size} connection`);
  }
}

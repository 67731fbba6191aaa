// Waits until one of Node's servers listens.

import { once } from "node:events";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Server } from "./check.ts";

export async function listening(server: HttpServer): Promise<Server> {
  if (!server.listening) await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return { port, close: () => new Promise((closed) => server.close(closed)) };
}

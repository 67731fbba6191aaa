// Server: a thread with a TCP server on loopback that greets, and answers each request after a fixed
// time. It goes down and comes back on demand.

import { createServer, type Server, type Socket } from "node:net";
import { parentPort } from "node:worker_threads";
import { HELLO, WORK } from "./settings.ts";

/** What this thread is told to do; it answers with the port once that is done. */
export type Demand = "up" | "down";

const sockets = new Set<Socket>();
let server: Server;
let port = 0;

function answer(socket: Socket, delay: number): void {
  setTimeout(() => socket.writable && socket.write("\n"), delay);
}

function serve(socket: Socket): void {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on("data", () => answer(socket, WORK));
  socket.on("error", () => {}); // its client has gone
  socket.on("close", () => sockets.delete(socket));
  answer(socket, HELLO);
}

function listen(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server = createServer(serve);
  server.once("error", () => resolve(false));
  server.listen({ port, host: "127.0.0.1", backlog: 511 }, () => resolve(true));
  return promise;
}

/**
 * The first time on a port that nobody is given as the port of a connection of his own: one that connects
 * to where nobody listens, from that very port, would reach itself.
 */
async function up(): Promise<void> {
  while (port > 0 && !await listen(port)) await new Promise((resolve) => setTimeout(resolve, 10));
  while (port === 0) {
    const candidate = 10_240 + Math.floor(Math.random() * 20_000);
    if (await listen(candidate)) port = candidate;
  }
}

/** As if it was killed: connections end, and new ones are refused. */
function down(): void {
  server.close();
  for (const socket of sockets) socket.destroy();
}

parentPort!.on("message", async (demand: Demand) => {
  await { up, down }[demand]();
  parentPort!.postMessage(port);
});

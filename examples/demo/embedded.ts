// PGlite behind a socket, in a thread of its own so that it does not hold up the service.
import { parentPort } from "node:worker_threads";
import { PGlite } from "@electric-sql/pglite";
import { PGLiteSocketServer } from "@electric-sql/pglite-socket";

// All sockets share one backend, so a limit would only get in the way of the counting.
const server = new PGLiteSocketServer({
  db: await PGlite.create(),
  port: 0,
  maxConnections: 10_000,
});
await server.start();

parentPort?.on("message", () => parentPort?.postMessage(server.getStats().activeConnections));
parentPort?.postMessage(server.getServerConn());

// Serve: the pooled service until Ctrl-C, with a page that shows its pool, and buttons to try it.
import { once } from "node:events";
import { Pool } from "../../mod.ts";
import { dashboard } from "../../observe/dashboard.ts";
import { newClient } from "./connections.ts";
import { controls } from "./controls.ts";
import { Link } from "./link.ts";
import { Load } from "./load.ts";
import type { Setup } from "./measure.ts";
import { pooling, watched } from "./pooling.ts";
import { hint } from "./report.ts";
import { overPool } from "./service.ts";
import { Stage } from "./stage.ts";

/** Some requests from the start: a pool that is not used shows nothing. */
const FIRST_RATE = 20;

export async function serve({ options, server, database, signal }: Setup): Promise<number> {
  await using link = new Link();
  await link.restore();
  const url = database.url("proxypool demo");
  const connect = async () => {
    const client = newClient(url, () => link.socket());
    await client.connect();
    return client;
  };
  const pool = new Pool(watched(connect), {
    ...pooling,
    name: "demo",
    maxSize: options.poolSize,
    timeout: 2_000,
    createBackoff: 1_000, // so that the end of an outage shows soon
    queueTarget: 500, // under overload some are served fast, and others refused
    hkDelay: 1_000, // so that a lost lease is noticed while nobody waits
    traceHolders: true,
  });
  await using service = overPool(pool);
  using load = new Load(server.url);
  server.handler = controls({
    stage: new Stage(pool, link, load),
    dashboard: dashboard(pool),
    service: service.handle,
    signal,
  });
  load.rate = FIRST_RATE;
  console.log(`The pool, live, with buttons to try it: ${server.url}/ (Ctrl-C ends)`);
  if (!signal.aborted) await once(signal, "abort");
  hint("Shutting down …");
  load[Symbol.dispose]();
  await server[Symbol.asyncDispose]();
  return 0;
}

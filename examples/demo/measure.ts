// Runs one phase under load, and says what of it is at fault.
import { drive, type Measured } from "./client.ts";
import { Connections } from "./connections.ts";
import type { Database } from "./database.ts";
import type { Options } from "./options.ts";
import type { Server } from "./server.ts";
import type { Phase } from "./service.ts";

export interface Setup {
  options: Options;
  server: Server;
  database: Database;
  signal: AbortSignal;
}

export interface Result extends Measured {
  phase: Phase;
  opened: number;
  mostOpen: number;
  leaked: number;
}

export async function measure(
  { options, server, database, signal }: Setup,
  phase: Phase,
  requests: number,
  progress: (done: number) => void,
): Promise<Result> {
  const label = `proxypool demo ${Deno.pid} ${phase.name}`;
  const connections = new Connections(database.url(label));
  const { concurrency, seconds } = options;
  const load = { requests, concurrency, seconds, signal, progress };
  let measured: Measured;
  {
    await using service = phase.open(connections.connect, options.poolSize);
    server.handler = service.handle;
    measured = await drive(server.url, load);
  }
  const leaked = await leftOver(() => open(connections, database, label));
  return { phase, ...measured, opened: connections.opened, mostOpen: connections.mostOpen, leaked };
}

/** By our count and by the server's own, whichever is worse. */
async function open(ours: Connections, theirs: Database, label: string): Promise<number> {
  return Math.max(await theirs.connections(label), ours.open);
}

/** A server learns a little late that a socket was closed: it has two seconds. */
async function leftOver(count: () => Promise<number>): Promise<number> {
  let left = await count();
  for (let tries = 0; left > 0 && tries < 20; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    left = await count();
  }
  return left;
}

export function faults({ phase, errors, leaked, mostOpen }: Result, poolSize: number): string[] {
  const found: string[] = [];
  if (errors[0]) found.push(`${errors.length} errors, the first: ${errors[0].message.trim()}`);
  if (leaked > 0) found.push(`${leaked} connections leaked`);
  if (phase.capped && mostOpen > poolSize) found.push(`${mostOpen} connections open at once`);
  return found.map((fault) => `${phase.name}: ${fault}`);
}

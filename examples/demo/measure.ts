// Measures phases under load, by turns, and says what of them is at fault.
import { drive, type Measured } from "./client.ts";
import { Connections } from "./connections.ts";
import type { Database } from "./database.ts";
import type { Options } from "./options.ts";
import type { Server } from "./server.ts";
import type { Phase, Service } from "./service.ts";

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

/** So many turns has each phase: a machine that is busy for some seconds then slows all, not one. */
const TURNS = 4;

export async function measure(
  setup: Setup,
  phases: Phase[],
  requests: number,
  progress: (phase: Phase, done: number) => void,
): Promise<Result[]> {
  const trials = phases.map((phase) => new Trial(setup, phase));
  try {
    // A turn has work for all clients, and goes on for a while.
    const turns = Math.min(TURNS, Math.ceil(requests / setup.options.concurrency / 4));
    for (let turn = 0; turn < turns; turn++) {
      const due = Math.round(requests * (turn + 1) / turns);
      for (const trial of trials) await trial.go(due, turns, (done) => progress(trial.phase, done));
    }
  } finally {
    for (const trial of trials) await trial.close();
  }
  return await Promise.all(trials.map((trial) => trial.result()));
}

/** A phase, whose service stays open while others have their turns. */
class Trial {
  readonly phase: Phase;
  readonly #setup: Setup;
  readonly #label: string;
  readonly #connections: Connections;
  readonly #service: Service;
  readonly #measured: Measured = { seconds: 0, latencies: [], errors: [] };

  constructor(setup: Setup, phase: Phase) {
    this.phase = phase;
    this.#setup = setup;
    this.#label = `proxypool demo ${Deno.pid} ${phase.name}`;
    this.#connections = new Connections(setup.database.url(this.#label));
    this.#service = phase.open(this.#connections.connect, setup.options.poolSize);
  }

  /** Up to so many requests in all. */
  async go(due: number, turns: number, progress: (done: number) => void): Promise<void> {
    const { latencies, errors } = this.#measured;
    const { options: { concurrency, seconds }, server, signal } = this.#setup;
    if (errors.length > 0) return;
    server.handler = this.#service.handle;
    const done = latencies.length;
    const { seconds: took, ...more } = await drive(server.url, {
      requests: due - done,
      concurrency,
      seconds: seconds / turns,
      signal,
      progress: (now) => progress(done + now),
    });
    this.#measured.seconds += took;
    latencies.push(...more.latencies);
    errors.push(...more.errors);
  }

  async close(): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
  }

  /** Once all are closed: PGlite counts the connections of all. */
  async result(): Promise<Result> {
    const { phase } = this;
    const { opened, mostOpen } = this.#connections;
    const leaked = await leftOver(() => open(this.#connections, this.#setup.database, this.#label));
    return { phase, ...this.#measured, opened, mostOpen, leaked };
  }
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

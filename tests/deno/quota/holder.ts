// Holder: a process with a pool under a quota, whose objects are connections to the monitor.

import { once } from "node:events";
import { connect, type Socket } from "node:net";
import process from "node:process";
import { Pool } from "../../../mod.ts";
import type { Quota } from "../../../pool/quota.ts";
import { sleep } from "../../helpers/until.ts";

/** What a holder is told on its command line, as JSON; an engine's own settings go along. */
export interface HolderConfig {
  /** What the monitor knows it by. */
  name: string;
  /** Where the monitor listens. */
  monitor: number;
  /** The cap over all holders. */
  max: number;
  /** What the quota is called. */
  key: string;
  /** Where the engine listens, or a gate to it. */
  engine: number;
  /** How long a lease is, in ms, where the engine has leases. */
  lease?: number;
  /** By how much its wall clock is ahead, in ms. */
  shift?: number;
  /** How many tasks use the pool, for how long each, in ms, and how long they rest after that. */
  tasks: number;
  hold: number;
  rest: number;
  minSize?: number;
  maxSize?: number;
  /** Without a quota: what throughput is compared with. */
  local?: boolean;
}

/** What a holder says at its end. */
export interface HolderReport {
  name: string;
  uses: number;
  created: number;
  killed: number;
  /** How often a task failed, by the message. */
  errors: Record<string, number>;
}

/** What an engine has to give: the quota of the pool, and how to let go of its client. */
export interface Engine {
  quota: Quota;
  close(): unknown;
}

/** Runs until it is told `end`; to be called first of all, for it changes the clock. */
export async function hold(start: (config: HolderConfig) => Promise<Engine>): Promise<void> {
  const config: HolderConfig = JSON.parse(process.argv.at(-1)!);
  const { now } = Date;
  Date.now = () => now() + (config.shift ?? 0);
  process.on("unhandledRejection", (error) => {
    console.log(JSON.stringify({ unhandled: String(error) }));
    process.exit(1);
  });
  const engine = config.local ? undefined : await start(config);
  const report = await work(config, engine);
  await engine?.close();
  console.log(JSON.stringify(report));
  process.exit(); // by itself, if nothing was left behind; some clients do
}

async function work(config: HolderConfig, engine: Engine | undefined): Promise<HolderReport> {
  const { name, monitor, minSize = 0, maxSize = 0, tasks } = config;
  const pool = new Pool((_n, { signal }) => Connection.open(monitor, name, signal), {
    closer: (connection) => connection.close(),
    logLevel: "silent",
    minSize,
    maxSize,
    createBackoff: 500,
    createRetry: true,
    discardOnError: true,
    ...engine && { quota: engine.quota },
  });
  const worker = new Worker(pool, config);
  const ended = commands();
  console.log("ready");
  const done = Array.from({ length: tasks }, () => worker.run());
  await ended;
  worker.end();
  await Promise.all(done);
  await pool.shutdown({ timeout: 3_000 });
  const { created, killed } = pool.stats();
  return { name, uses: worker.uses, created, killed, errors: worker.errors };
}

/** Resolves at `end`; `block 2000` stops the event loop for so many ms. */
async function commands(): Promise<void> {
  await new Promise<void>((resolve) => {
    let rest = "";
    process.stdin.on("data", (data) => {
      const lines = (rest + data).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        if (line === "end") resolve();
        const [, ms] = /^block (\d+)$/.exec(line) ?? [];
        if (ms) block(Number(ms));
      }
    });
    process.stdin.on("end", resolve);
  });
  process.stdin.destroy();
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

/** The tasks, and what becomes of them. */
class Worker {
  uses = 0;
  readonly errors: Record<string, number> = {};
  readonly #pool: Pool<Connection>;
  readonly #config: HolderConfig;
  readonly #end = new AbortController();

  constructor(pool: Pool<Connection>, config: HolderConfig) {
    this.#pool = pool;
    this.#config = config;
  }

  end(): void {
    this.#end.abort(new Error("the end"));
  }

  async run(): Promise<void> {
    const { signal } = this.#end;
    while (!signal.aborted) {
      try {
        await this.#pool.use((connection) => this.#use(connection), { signal });
      } catch (error) {
        if (signal.aborted) return;
        const message = (error as Error).message.replace(/\d+/g, "…");
        this.errors[message] = (this.errors[message] ?? 0) + 1;
        await sleep(20);
      }
      await sleep(this.#config.rest);
    }
  }

  async #use(connection: Connection): Promise<void> {
    await connection.use();
    this.uses++;
    await sleep(this.#config.hold);
  }
}

/** A connection to the monitor. */
export class Connection {
  readonly #socket: Socket;

  static async open(port: number, name: string, signal: AbortSignal): Promise<Connection> {
    const socket = connect({ port, host: "127.0.0.1" });
    socket.setNoDelay(true);
    socket.on("error", () => {}); // a use of it fails, too
    try {
      await once(socket, "connect", { signal });
    } catch (error) {
      socket.destroy();
      throw error;
    }
    socket.write(`${name}\n`);
    return new Connection(socket);
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Resolves once the monitor has counted it. */
  async use(): Promise<void> {
    this.#socket.write("u\n");
    await new Promise<void>((resolve, reject) => {
      const closed = () => reject(new Error("the connection has closed"));
      this.#socket.once("close", closed);
      this.#socket.once("data", () => {
        this.#socket.off("close", closed);
        resolve();
      });
    });
  }

  /** Resolves once the monitor no longer counts it. */
  async close(): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, "close");
    this.#socket.end();
    await closed;
  }
}

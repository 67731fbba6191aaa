// A thread with a pool under a thread quota, whose objects are connections to the monitor.

import process from "node:process";
import { parentPort } from "node:worker_threads";
import { Pool } from "../../../mod.ts";
import { threadQuota } from "../../../quota/threads.ts";
import { sleep } from "../../helpers/until.ts";
import { Connection } from "./holder.ts";
import { localQuota } from "../../../quota/mod.ts";

/** What a thread does. */
export interface Load {
  /** How many tasks use its pool, for how long each, in ms, and how long they rest after that. */
  tasks: number;
  hold: number;
  rest: number;
  /** How many objects it may have; with `local`, that is its only bound. */
  maxSize: number;
  minSize: number;
  local: boolean;
}

export interface ThreadConfig extends Load {
  name: string;
  monitor: number;
  max: number;
  buffer: SharedArrayBuffer;
}

/** How a thread is told to end: by itself, by what it does, or in the middle of a loop. */
export type Order = "end" | "exit" | "throw" | "close" | "loop" | { block: number };

/** What a thread says at its end. */
export interface ThreadReport {
  created: number;
  killed: number;
  errors: string[];
}

const web = globalThis as unknown as {
  postMessage(message: unknown): void;
  addEventListener(type: "message", listener: (event: { data: unknown }) => void): void;
  close(): void;
};
const tell = (message: unknown) => (parentPort ?? web).postMessage(message);
let thread: Thread | undefined;

function hear(message: ThreadConfig | Order): void {
  if (thread === undefined) thread = new Thread(message as ThreadConfig);
  else if (message === "exit") process.exit(1);
  else if (message === "throw") setTimeout(() => raise());
  else if (message === "close") web.close();
  else if (message === "loop") { for (;;); }
  else if (message === "end") void thread.end().then((report) => tell({ report }));
  else block((message as { block: number }).block);
}

function raise(): never {
  throw new Error("thrown on purpose");
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

class Thread {
  readonly #config: ThreadConfig;
  readonly #pool: Pool<Connection>;
  readonly #done: Promise<void>[];
  readonly #errors: string[] = [];
  readonly #ending = new AbortController();

  constructor(config: ThreadConfig) {
    const { max, buffer, name, monitor, local, maxSize, minSize } = this.#config = config;
    const quota = local ? localQuota({ max: maxSize }) : threadQuota({ max, buffer });
    this.#pool = new Pool((_n, { signal }) => Connection.open(monitor, name, signal), {
      closer: (connection) => connection.close(),
      logLevel: "silent",
      createRetry: true,
      createBackoff: 100,
      discardOnError: true,
      maxSize,
      minSize,
      quota,
    });
    this.#done = Array.from({ length: config.tasks }, () => this.#run());
  }

  async end(): Promise<ThreadReport> {
    this.#ending.abort(new Error("the end"));
    await Promise.all(this.#done);
    await this.#pool.shutdown({ timeout: 3_000 });
    const { created, killed } = this.#pool.stats();
    return { created, killed, errors: this.#errors };
  }

  async #run(): Promise<void> {
    const { signal } = this.#ending;
    const { hold, rest } = this.#config;
    while (!signal.aborted) {
      try {
        await this.#pool.use(async (connection) => {
          await connection.use();
          await sleep(hold);
        }, { signal });
      } catch (error) {
        if (signal.aborted) return;
        this.#errors.push(String(error));
        await sleep(20);
      }
      await sleep(rest);
    }
  }
}

if (parentPort === null) web.addEventListener("message", ({ data }) => hear(data as never));
else parentPort.on("message", hear);

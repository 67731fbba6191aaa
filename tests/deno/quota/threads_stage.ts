// The stage of threadQuota: a process of any runtime, its threads, and a monitor that counts what they hold.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { type Runner, runners } from "../../helpers/program.ts";
import { soon } from "../servers/soon.ts";
import { Monitor } from "./monitor.ts";
import type { Command, MainConfig } from "./threads_main.ts";
import type { Load, Order, ThreadReport } from "./threads_worker.ts";

const LOAD: Load = { tasks: 3, hold: 10, rest: 5, maxSize: 3, minSize: 0, local: false };
const PATIENCE = 15_000;

/** A runtime, and which of its two sorts of threads. */
export interface Kind {
  label: string;
  runner: Runner;
  kind: MainConfig["kind"];
}

/** All there are; the runtime may be missing here. */
export function kinds(): Kind[] {
  return runners().flatMap((runner) => {
    const isNode = runner.label.startsWith("node");
    const all: Kind["kind"][] = isNode ? ["node"] : ["node", "web"];
    return all.map((kind) => {
      const threads = kind === "node" ? "node:worker_threads" : "web Workers";
      return { label: `${runner.label}, ${threads}`, runner, kind };
    });
  });
}

/** How a thread may end while it is at work. */
export type End = "terminate" | Exclude<Order, "end" | { block: number }>;

/** A process with threads under one quota. */
export class Threads implements AsyncDisposable {
  readonly max: number;
  readonly monitor: Monitor;
  /** Those that have not been told to end. */
  readonly names: Set<string> = new Set();
  readonly #dir: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncIterator<string>;
  #last: Promise<unknown> = Promise.resolve();
  #count = 0;

  static async of({ runner, kind }: Kind, max: number): Promise<Threads> {
    const dir = await Deno.makeTempDir();
    const here = new URL(".", import.meta.url).pathname;
    const [main, worker] = ["threads_main", "threads_worker"].map((name) => `${here}${name}.ts`);
    await build({
      entryPoints: [main!, worker!],
      outdir: dir,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      format: "esm",
      platform: "node",
      target: runner.target,
      logLevel: "silent",
    });
    await stop();
    const monitor = await Monitor.listen();
    const url = `file://${dir}/threads_worker.mjs`;
    const config: MainConfig = { kind, worker: url, monitor: monitor.port, max };
    const [file, ...args] = runner.command;
    const child = new Deno.Command(file!, {
      args: [...args, `${dir}/threads_main.mjs`, JSON.stringify(config)],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
      env: { NO_COLOR: "1" },
    }).spawn();
    const threads = new Threads(dir, child, monitor, max);
    await threads.#lines.next();
    return threads;
  }

  private constructor(dir: string, child: Deno.ChildProcess, monitor: Monitor, max: number) {
    this.max = max;
    this.monitor = monitor;
    this.#dir = dir;
    this.#child = child;
    this.#input = child.stdin.getWriter();
    this.#lines = linesOf(child.stdout);
  }

  /** Starts one. Resolves when it has been told what to do. */
  async start(load: Partial<Load> = {}): Promise<string> {
    const name = `thread#${this.#count++}`;
    await this.#ask({ start: name, load: { ...LOAD, ...load } });
    this.names.add(name);
    return name;
  }

  /** Tells it something, which it may never hear if it is busy. */
  async tell(name: string, order: Order): Promise<unknown> {
    return await this.#ask({ tell: name, order });
  }

  /** Ends it in the middle of its work. */
  async end(name: string, how: End): Promise<void> {
    this.names.delete(name);
    await (how === "terminate" ? this.#ask({ terminate: name }) : this.tell(name, how));
  }

  /** How many permits are out, as the quota has it. */
  async used(): Promise<number> {
    return await this.#ask({ used: true }) as number;
  }

  /** How often that thread has used its connections. */
  uses(name: string): number {
    return this.monitor.uses.get(name) ?? 0;
  }

  /** One of those that have connections, by chance. */
  async busy(): Promise<string> {
    const busy = () => [...this.names].filter((name) => this.monitor.of(name) > 0);
    await soon(() => busy().length > 0, () => "nobody is busy", PATIENCE);
    return busy()[Math.floor(Math.random() * busy().length)]!;
  }

  /** Each thread gets on. */
  async allGoOn(): Promise<void> {
    const before = new Map([...this.names].map((name) => [name, this.uses(name)]));
    const stuck = () => [...before].filter(([name, uses]) => this.uses(name) <= uses);
    await soon(() => stuck().length === 0, () => `stuck: ${stuck().join()}`, PATIENCE);
  }

  /** Ends all in peace, and checks what they leave behind. */
  async finish(): Promise<ThreadReport[]> {
    const reports: ThreadReport[] = [];
    for (const name of this.names) reports.push(await this.tell(name, "end") as ThreadReport);
    this.names.clear();
    assertEquals(this.monitor.faults, []);
    assertEquals(reports.flatMap(({ errors }) => errors), []);
    const left = () => `connections are left: ${this.monitor.live}`;
    await soon(() => this.monitor.live === 0, left, PATIENCE);
    await soon(async () => await this.used() === 0, () => "places are left", PATIENCE);
    return reports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#child.status;
    while (!(await this.#lines.next()).done);
    await this.monitor[Symbol.asyncDispose]();
    await Deno.remove(this.#dir, { recursive: true });
  }

  /** One at a time: answers come in the order of commands. */
  #ask(command: Command): Promise<unknown> {
    const ask = async () => {
      await this.#input.write(new TextEncoder().encode(`${JSON.stringify(command)}\n`));
      const { value, done } = await this.#lines.next();
      if (done) throw new Error("the process has ended");
      return JSON.parse(value).answer;
    };
    return this.#last = this.#last.then(ask, ask);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncIterator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

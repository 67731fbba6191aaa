// Conductor: starts holders on any runtime, and does to them what befalls processes.

import { isFetched, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { bundledBeside, type Name } from "../servers/pg_packages.ts";
import type { HolderConfig, HolderReport } from "./holder.ts";

export type RuntimeName = "deno" | "node24" | "bun";

/** The program of an engine's holders. */
export interface Program {
  /** Its source. */
  main: string;
  /** What it imports from npm. */
  packages: readonly Name[];
}

/** Whether that runtime is here: Deno always is, others have to be fetched. */
export function isHere(name: RuntimeName): boolean {
  const { binary } = RUNTIMES.find((runtime) => runtime.name === name)!;
  return binary === undefined || isFetched(binary);
}

/** What runs a program on each runtime; bundles it once. */
export class Programs implements AsyncDisposable {
  readonly #program: Program;
  #bundle: Promise<string> | undefined;

  constructor(program: Program) {
    this.#program = program;
  }

  async start(runtime: RuntimeName, config: HolderConfig): Promise<Holder> {
    const command = await this.#command(runtime);
    return await Holder.start(runtime, command, config);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#bundle) await Deno.remove(await this.#bundle);
  }

  async #command(name: RuntimeName): Promise<string[]> {
    const { main, packages } = this.#program;
    if (name === "deno") return [Deno.execPath(), "run", "-A", "--no-check", "--quiet", main];
    this.#bundle ??= bundledBeside(packages, main);
    const { binary } = RUNTIMES.find((runtime) => runtime.name === name)!;
    return [pathOf(binary!), await this.#bundle];
  }
}

/** A process with a pool under the quota. */
export class Holder implements AsyncDisposable {
  readonly runtime: RuntimeName;
  readonly config: HolderConfig;
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  #stopped = false;
  #ended = false;

  /** Resolves when it begins to use its pool. */
  static async start(
    runtime: RuntimeName,
    command: string[],
    config: HolderConfig,
  ): Promise<Holder> {
    const holder = new Holder(runtime, command, config);
    const { value } = await holder.#lines.next();
    if (value !== "ready") throw new Error(`${config.name} does not start: ${value}`);
    return holder;
  }

  private constructor(runtime: RuntimeName, command: string[], config: HolderConfig) {
    const [program = "", ...args] = command;
    this.runtime = runtime;
    this.config = config;
    this.#child = new Deno.Command(program, {
      args: [...args, JSON.stringify(config)],
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  get name(): string {
    return this.config.name;
  }

  /** As by `kill -9`. */
  async kill(): Promise<void> {
    this.#ended = true;
    this.#child.kill("SIGKILL");
    await this.#close();
  }

  stop(): void {
    this.#stopped = true;
    this.#child.kill("SIGSTOP");
  }

  goOn(): void {
    this.#stopped = false;
    this.#child.kill("SIGCONT");
  }

  /** Its event loop stands still for so many ms. */
  async block(ms: number): Promise<void> {
    await this.#say(`block ${ms}`);
  }

  /** It shuts its pool down; resolves with what it says. */
  async end(): Promise<HolderReport> {
    await this.#say("end");
    const { value = "{}" } = await this.#lines.next();
    this.#ended = true;
    await this.#close();
    const report = JSON.parse(value);
    if (report.uses === undefined) throw new Error(`${this.name} has failed: ${value}`);
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    if (this.#stopped) this.goOn();
    await this.kill();
  }

  async #say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  async #close(): Promise<void> {
    await this.#child.status;
    await this.#input.close().catch(() => {}); // its reader has gone
    while (!(await this.#lines.next()).done);
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest) yield rest;
}

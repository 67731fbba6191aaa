// Runs a program to its end or to a time limit, and keeps what it printed.

export interface Ended {
  code: number;
  /** Whether it was killed at a time limit. */
  late: boolean;
  /** Both its outputs, as they came. */
  output: string;
  /** Each by itself. */
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Time limit in milliseconds. */
  limit?: number;
  /** For how long it may print nothing, in milliseconds. */
  silence?: number;
}

/** Throws only if the program cannot be started at all. */
export async function run(command: string[], options: RunOptions = {}): Promise<Ended> {
  const [program = "", ...args] = command;
  const child = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1", RUST_BACKTRACE: "0", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const patience = new Patience(child, options);
  const both: string[] = [], stdout: string[] = [], stderr: string[] = [];
  const gather = async (from: ReadableStream<Uint8Array>, into: string[]) => {
    for await (const text of from.pipeThrough(new TextDecoderStream())) {
      patience.renew();
      both.push(text);
      into.push(text);
    }
  };
  const printed = Promise.all([gather(child.stdout, stdout), gather(child.stderr, stderr)]);
  const { code } = await child.status;
  const late = patience.end();
  // A process that it left behind may hold its outputs open: not for us to wait for.
  const enough = Promise.withResolvers<void>();
  const timer = setTimeout(enough.resolve, 1000);
  await Promise.race([printed, enough.promise]).finally(() => clearTimeout(timer));
  return { code, late, output: both.join(""), stdout: stdout.join(""), stderr: stderr.join("") };
}

type Timer = ReturnType<typeof setTimeout> | undefined;

/** Kills a process that takes too long, or prints nothing for too long. */
class Patience {
  readonly #timers: Record<"limit" | "silence", Timer>;
  readonly #kill: () => void;
  readonly #silence: number | undefined;
  #late = false;
  #over = false;

  constructor(child: Deno.ChildProcess, { limit, silence }: RunOptions) {
    this.#silence = silence;
    this.#kill = () => {
      this.#late = true;
      try {
        child.kill("SIGKILL");
      } catch {
        // It has just ended, and nobody was told yet.
      }
    };
    this.#timers = { limit: this.#start(limit), silence: this.#start(silence) };
  }

  /** It has printed something. */
  renew(): void {
    if (this.#over) return;
    clearTimeout(this.#timers.silence);
    this.#timers.silence = this.#start(this.#silence);
  }

  /** It has ended; returns whether it was killed. */
  end(): boolean {
    this.#over = true;
    for (const timer of Object.values(this.#timers)) clearTimeout(timer);
    return this.#late;
  }

  #start(ms: number | undefined): Timer {
    return ms === undefined ? undefined : setTimeout(this.#kill, ms);
  }
}

/** The end of a long output. */
export function tail(output: string, lines = 40): string {
  return output.trim().split("\n").slice(-lines).join("\n");
}

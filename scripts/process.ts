// Runs a program to its end or to a time limit, and keeps what it printed.

export interface Ended {
  code: number;
  /** Whether it was killed at the time limit. */
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
  let late = false;
  const kill = () => {
    late = true;
    child.kill("SIGKILL");
  };
  const timer = options.limit === undefined ? undefined : setTimeout(kill, options.limit);
  const both: string[] = [], stdout: string[] = [], stderr: string[] = [];
  const printed = Promise.all([
    gather(child.stdout, both, stdout),
    gather(child.stderr, both, stderr),
  ]);
  const { code } = await child.status;
  clearTimeout(timer);
  // A process that it left behind may hold its outputs open: not for us to wait for.
  await Promise.race([printed, new Promise((resolve) => setTimeout(resolve, 1000))]);
  return { code, late, output: both.join(""), stdout: stdout.join(""), stderr: stderr.join("") };
}

async function gather(from: ReadableStream<Uint8Array>, ...into: string[][]): Promise<void> {
  for await (const text of from.pipeThrough(new TextDecoderStream())) {
    for (const chunks of into) chunks.push(text);
  }
}

/** The end of a long output. */
export function tail(output: string, lines = 40): string {
  return output.trim().split("\n").slice(-lines).join("\n");
}

// The demo as a process, for tests.

const MAIN = new URL("../../examples/demo/main.ts", import.meta.url).pathname;

export function start(args: string[], databaseUrl = ""): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", "--v8-flags=--expose-gc", MAIN, ...args],
    env: { DATABASE_URL: databaseUrl, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

export async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let seen = "";
  for await (const chunk of stream) {
    seen += text(chunk);
    if (seen.includes("\n")) break;
  }
  return seen;
}

/** Where a demo that was started by `--serve` is to be found. */
export async function serving(child: Deno.ChildProcess): Promise<string> {
  const [url] = (await firstLine(child.stdout)).match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
  return url!;
}

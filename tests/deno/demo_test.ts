// The demo as its user meets it: a process, what it prints, and its exit code.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

const MAIN = new URL("../../examples/demo/main.ts", import.meta.url).pathname;

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

function start(args: string[], databaseUrl = ""): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", MAIN, ...args],
    env: { DATABASE_URL: databaseUrl, NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function demo(args: string[], databaseUrl?: string): Promise<Outcome> {
  const { code, stdout, stderr } = await start(args, databaseUrl).output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let seen = "";
  for await (const chunk of stream) {
    seen += text(chunk);
    if (seen.includes("\n")) break;
  }
  return seen;
}

/** Nothing on stdout, one line on stderr that names what is at fault. */
async function assertRefused(
  named: string,
  code: number,
  args: string[],
  databaseUrl?: string,
): Promise<void> {
  const outcome = await demo(args, databaseUrl);
  assertEquals(outcome.stdout, "");
  assertMatch(outcome.stderr, /^[^\n]+\n$/);
  assertStringIncludes(outcome.stderr, named);
  assert(!outcome.stderr.includes("secret"), "the password is shown");
  assertEquals(outcome.code, code);
}

Deno.test("demo: compares, and the pool keeps its size", async () => {
  const { code, stdout, stderr } = await demo([
    "--requests",
    "60",
    "--seconds",
    "60",
    "--pool-size",
    "3",
  ]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^ +connection per request +pool +pool by proxy$/m);
  for (const row of ["requests/s", "p50 ms", "p99 ms"]) {
    assertMatch(stdout, new RegExp(`^${row}( +[\\d.]+){3}$`, "m"));
  }
  assertMatch(stdout, /^requests( +60){3}$/m);
  assertMatch(stdout, /^connections opened +60 +3 +3$/m);
  assertMatch(stdout, /^most open at once +32 +3 +3$/m);
  assertMatch(stdout, /^errors( +0){3}$/m);
  assertMatch(stdout, /^leaked( +0){3}$/m);
  assertMatch(stdout, /each request on one connection, never over 3 in a pool\.$/m);
});

Deno.test("demo: --seconds ends a phase early, and says how far it came", async () => {
  const { code, stdout, stderr } = await demo(["--requests", "1000000", "--seconds", "1"]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^requests( +\d{1,5}){3}$/m);
});

Deno.test("demo: --serve answers until SIGINT, and ends cleanly", async () => {
  await using child = start(["--serve"]);
  const [url] = (await firstLine(child.stdout)).match(/http:\/\/127\.0\.0\.1:\d+/) ?? [];
  const { sum, transactions } = await (await fetch(`${url}/sum/100`)).json();
  assertEquals([sum, new Set(transactions).size], [5050, 1]);
  const stats = await (await fetch(`${url}/stats`)).json();
  assertEquals([stats.size, stats.using], [1, 0]);
  child.kill("SIGINT");
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 0);
});

Deno.test("demo: Ctrl-C in the middle ends it with 130", async () => {
  await using child = start(["--requests", "1000000"]);
  await firstLine(child.stderr);
  child.kill("SIGINT");
  assertEquals(await new Response(child.stdout).text(), "");
  assertEquals((await child.status).code, 130);
});

Deno.test("demo: flags and values at fault", async () => {
  await assertRefused("--size", 2, ["--size", "3"]);
  await assertRefused("--requests", 2, ["--requests"]);
  await assertRefused("--concurrency 1e3", 2, ["--concurrency", "1e3"]);
  await assertRefused("--seconds 0", 2, ["--seconds", "0"]);
  await assertRefused("--pool-size 0", 2, ["--pool-size=0"]);
  await assertRefused("--port 65536", 2, ["--port", "65536"]);
  await assertRefused("surplus", 2, ["surplus"]);
});

Deno.test("demo: a busy port", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  await assertRefused(`--port ${port}`, 1, ["--port", String(port)]);
});

Deno.test("demo: a DATABASE_URL that is malformed or leads nowhere", async () => {
  const urls = {
    "nonsense": "nonsense",
    "mysql://me:***@127.0.0.1/db": "mysql://me:secret@127.0.0.1/db",
    "postgres://me:***@127.0.0.1:x/db": "postgres://me:sec/secret@127.0.0.1:x/db",
    "postgres://me:***@127.0.0.1:1/db": "postgres://me:secret@127.0.0.1:1/db",
  };
  for (const [shown, url] of Object.entries(urls)) await assertRefused(shown, 1, [], url);
});

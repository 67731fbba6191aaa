// The demo as its user meets it: a process, what it prints, and its exit code.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { gain } from "../../examples/demo/gain.ts";
import { firstLine, serving, start, text } from "./demo_process.ts";

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

async function demo(args: string[], databaseUrl?: string): Promise<Outcome> {
  const { code, stdout, stderr } = await start(args, databaseUrl).output();
  return { code, stdout: text(stdout), stderr: text(stderr) };
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
  assertMatch(
    stdout,
    /^.*DATABASE_URL.*\nThe pool (served|gained nothing here: it served) .* p99\.\n$/m,
  );
});

Deno.test("demo: --seconds ends a phase early, and says how far it came", async () => {
  const { code, stdout, stderr } = await demo(["--requests", "1000000", "--seconds", "1"]);
  assertEquals(code, 0, stderr);
  assertMatch(stdout, /^requests( +\d{1,5}){3}$/m);
});

Deno.test("demo: says what the pool has gained, and if it gained nothing", () => {
  const said: [requests: number, p99: number, sentence: string][] = [
    [6.5, 0.25, "The pool served 6.5 times the requests a second, at a quarter of the p99."],
    [1.2, 1.5, "The pool served 1.2 times the requests a second, but at 1.5 times the p99."],
    [
      0.8,
      0.6,
      "The pool served four fifths of the requests a second, but at three fifths of the p99.",
    ],
    [1.05, 0.5, "The pool served as many requests, at half the p99."],
    [20, 0.04, "The pool served 20.0 times the requests a second, at 1/25 of the p99."],
    [
      1.05,
      0.95,
      "The pool gained nothing here: it served as many requests, at about the same p99.",
    ],
    [1, 1.4, "The pool gained nothing here: it served as many requests, at 1.4 times the p99."],
  ];
  for (const [requests, p99, sentence] of said) assertEquals(gain(requests, p99), sentence);
});

Deno.test("demo: --serve answers until SIGINT, and ends cleanly", async () => {
  await using child = start(["--serve"]);
  const url = await serving(child);
  const { sum, transactions } = await (await fetch(`${url}/sum/100`)).json();
  assertEquals([sum, new Set(transactions).size], [5050, 1]);
  const stats = await (await fetch(`${url}/stats`)).json();
  assertEquals([stats.name, stats.config.maxSize], ["demo", 10]);
  child.kill("SIGINT");
  const stderr = await new Response(child.stderr).text();
  // What the pool itself says, on a slow machine.
  assertMatch(stderr, /^(demo: is overloaded: .*\n)*$/);
  assertEquals((await child.status).code, 0);
});

Deno.test("demo: --serve does nothing for other sites, and nothing that it does not know", async () => {
  await using child = start(["--serve"]);
  const url = await serving(child);
  const post = async (path: string, body: string, headers: HeadersInit = {}) => {
    const response = await fetch(`${url}/${path}`, { method: "POST", body, headers });
    return [response.status, await response.text()];
  };
  const foreign: HeadersInit[] = [
    { origin: "https://elsewhere.example" },
    { origin: "null" },
    { origin: "http://127.0.0.1:1" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
  ];
  for (const headers of foreign) {
    assertEquals(await post("outage", "on", headers), [403, "not from there\n"]);
  }
  assertMatch(await raw(url, "elsewhere.example"), /^HTTP\/1.1 403 /);
  assertMatch(await raw(url, "localhost"), /^HTTP\/1.1 200 [^]*"outage":false/);
  const usage = "POST /load 0 to 500, /outage on or off, /slow, /leak\n";
  for (const load of ["501", "-1", "1e2", ""]) assertEquals(await post("load", load), [400, usage]);
  assertEquals(await post("outage", "maybe"), [400, usage]);
  assertEquals(await post("pools", ""), [400, usage]);
  const [status, state] = await post("load", "0", { origin: url, "sec-fetch-site": "same-origin" });
  assertEquals([status, JSON.parse(String(state)).rate], [200, 0]);
  child.kill("SIGINT");
  await child.stderr.cancel();
  assertEquals((await child.status).code, 0);
});

/** What is answered to one who calls the host by that name. */
async function raw(url: string, hostname: string): Promise<string> {
  const port = Number(new URL(url).port);
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const head = `GET /state HTTP/1.1\r\nhost: ${hostname}:${port}\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  return await new Response(connection.readable).text();
}

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

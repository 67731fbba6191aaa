// The recipe for Hono as its visitors meet it, over a real PostgreSQL, on Deno, Node and Bun.

import { assertEquals, assertMatch } from "@std/assert";
import type { Runner } from "../../helpers/program.ts";
import { sleep } from "../../helpers/until.ts";
import { postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import type { Server } from "../servers/server.ts";
import { soon } from "../servers/soon.ts";
import { prepare, type Prepared, takers } from "./run.ts";

const SIZE = 10;

const skipped = await whySkipped(postgres);

/** The service in a process of its own. */
class Service implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #remove: () => Promise<void>;
  url = "";

  static async start(runner: Runner, { account }: Server): Promise<Service> {
    const service = new Service(await prepare(runner, "hono.ts"), account);
    const { value = "" } = await service.#lines.read();
    service.url = value.trim().replace("/greet/you", "");
    return service;
  }

  private constructor({ command: [file = "", ...args], remove }: Prepared, account: string) {
    this.#child = new Deno.Command(file, {
      args,
      env: {
        DATABASE_URL: `postgres://${account}@127.0.0.1:5432/test?application_name=${account}`,
        PORT: "0",
        NO_COLOR: "1",
      },
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#remove = remove;
  }

  /** As a patient visitor does, who comes again when told to. */
  async ask(path: string, times = 5): Promise<[number, string]> {
    const { status, headers, text } = await this.askOnce(path);
    const seconds = Number(headers.get("retry-after"));
    if (seconds === 0 || times === 1) return [status, text];
    await sleep(1_000 * seconds);
    return this.ask(path, times - 1);
  }

  async askOnce(path: string): Promise<{ status: number; headers: Headers; text: string }> {
    const response = await fetch(this.url + path);
    const { status, headers } = response;
    return { status, headers, text: await response.text() };
  }

  /** Ends it as a platform does, and gives its exit code and what else it printed. */
  async end(): Promise<[number, string]> {
    this.#child.kill("SIGTERM");
    const { value = "" } = await this.#lines.read();
    return [(await this.#child.status).code, value];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#lines.cancel();
    await this.#remove();
  }
}

for (const runner of takers()) {
  Deno.test({
    name: `Hono: each request has its connection, on ${runner.label}${skipped}`,
    ignore: skipped !== "" || !runner.there,
    // Fetching and bundling leave something behind; what is at stake is in a process of its own.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      await using server = await postgres.open(SIZE);
      await using service = await Service.start(runner, server);
      await manyAtOnce(service);
      await streams(service);
      await server.terminate();
      await manyAtOnce(service); // over new ones
      await overload(service);
      await manyAtOnce(service); // as before
      await ends(service, server);
    },
  });
}

/** More than there are connections, every fifth of which leaves a transaction open. */
async function manyAtOnce(service: Service): Promise<void> {
  const names = Array.from({ length: 5 * SIZE }, (_, i) => i % 5 ? `visitor${i}` : "nobody");
  const answers = await Promise.all(names.map((name) => service.ask(`/greet/${name}`)));
  const expected = names.map((name) =>
    name === "nobody" ? [500, "there is nobody\n"] : [200, `hello ${name}`]
  );
  assertEquals(answers, expected);
}

/** All of a stream comes over one connection, and from the one that the request has. */
async function streams(service: Service): Promise<void> {
  const answers = await Promise.all([1, 2, 3].map(() => service.ask("/numbers/20")));
  const pids = answers.map(([, text]) => new Set(text.match(/(?<="pg_backend_pid":)\d+/g)));
  assertEquals(pids.map(({ size }) => size), [1, 1, 1]);
  assertEquals(new Set(pids.flatMap((each) => [...each])).size, 3);
  for (const [, text] of answers) assertMatch(text, /"int4":20\b/);
}

/** Streams hold all connections: who comes then is told after how many seconds to come again. */
async function overload(service: Service): Promise<void> {
  const streams = await Promise.all(Array.from({ length: SIZE }, async () => {
    const reader = (await fetch(`${service.url}/numbers/1000000`)).body!.getReader();
    await reader.read(); // it has its connection
    return reader;
  }));
  const visitors = Array.from({ length: 2 * SIZE }, async (_, i) => {
    const { status, headers, text } = await service.askOnce(`/greet/visitor${i}`);
    assertEquals([status, text], [503, "too many visitors\n"]);
    return headers.get("retry-after");
  });
  for (const seconds of await Promise.all(visitors)) assertMatch(seconds ?? "", /^[12]$/);
  await Promise.all(streams.map((reader) => reader.cancel())); // which ends their queries
}

/** Who is being served meanwhile is served to the end, and no connection is left. */
async function ends(service: Service, server: Server): Promise<void> {
  // A client that goes at once: Node's server waits 5 s for others to ask again.
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(`${service.url}/numbers/500`, { client });
  const ended = service.end();
  assertEquals((await response.text()).trim().split("\n").length, 500);
  assertEquals(await ended, [0, ""]);
  const none = async () => await server.count() === 0;
  await soon(none, () => "connections are left", 1_000);
}

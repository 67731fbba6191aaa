// The example of a Worker as wrangler takes it: packed for Cloudflare, and served here as there.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { fetchBinary, isFetched, type NpmBinary, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";
import { find, librarySources } from "../../../scripts/sources.ts";
import { sleep } from "../../helpers/until.ts";
import { soon } from "../servers/soon.ts";
import { Greeter } from "./greeter.ts";
import { descendants, isAlive } from "./processes.ts";

const WRANGLER: NpmBinary = { name: "wrangler", version: "4.164.0", file: "bin/wrangler.js" };

/** It needs 22.12. */
const node = RUNTIMES.find(({ name }) => name === "node24")!;
const there = isFetched(node.binary!);
const skipped = there ? "" : ` (skipped: no ${node.label} yet: "deno task test node24" fetches it)`;

function test(name: string, fn: (project: string) => Promise<void>): void {
  Deno.test({
    name: `wrangler: ${name}${skipped}`,
    ignore: !there,
    // Fetching leaves a timer behind, and the server listens on.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      if (!isFetched(WRANGLER)) await fetchBinary(WRANGLER);
      const project = await copy();
      try {
        await fn(project);
      } finally {
        await Deno.remove(project, { recursive: true });
      }
    },
  });
}

/** Wrangler writes beside its configuration. */
async function copy(): Promise<string> {
  const dir = await Deno.makeTempDir();
  for (const file of [...librarySources(), ...find("examples/worker", "")]) {
    await Deno.mkdir(`${dir}/${file}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.copyFile(file, `${dir}/${file}`);
  }
  return dir;
}

function wrangler(project: string, ...args: string[]): Deno.Command {
  return new Deno.Command(pathOf(node.binary!), {
    args: [pathOf(WRANGLER), ...args],
    cwd: `${project}/examples/worker`,
    // Nothing here may ask the network.
    env: {
      CI: "1",
      NO_COLOR: "1",
      WRANGLER_SEND_METRICS: "false",
      CLOUDFLARE_CF_FETCH_ENABLED: "false",
    },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
}

test("would deploy the Worker with its bindings", async (project) => {
  const { code, stdout } = await wrangler(project, "deploy", "--dry-run").output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(code, 0, said);
  for (const what of ["env.ROOM (Room)", "env.SERVER"]) assertStringIncludes(said, what);
});

test("serves the Worker, and a Durable Object whose connections outlive requests", async (project) => {
  await using greeter = new Greeter();
  await using served = await Served.start(project, greeter.address);
  const get = async (path: string) => (await fetch(`${served.url}${path}`)).text();

  const names = Array.from({ length: 5 }, (_, i) => `name${i}`);
  const answers = await Promise.all(names.map((name) => get(`/${name}`)));
  assertEquals(answers, names.map((name) => `hello ${name}`));
  assertEquals(greeter.greeted, 5); // one for each request
  await soon(() => greeter.open === 0, () => `${greeter.open} are open`, 1_000);

  for (const n of [1, 2, 3]) {
    assertEquals(await get("/rooms/one"), `request ${n} over 1 connection`);
  }
  assertEquals([greeter.greeted, greeter.open], [6, 1]); // one for all

  greeter.hangUp();
  await sleep(1_100); // after a second nobody relies on it
  assertEquals(await get("/rooms/one"), "request 4 over 1 connection");
  assertEquals([greeter.greeted, greeter.open], [7, 1]);
  await served.end();
});

/** `wrangler dev`: the runtime of Cloudflare, on loopback. */
class Served implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #out: ReadableStream<string>;
  url = "";

  static async start(project: string, server: string): Promise<Served> {
    const own = ["--ip", "127.0.0.1", "--port", "0", "--inspector-port", "0"];
    const child = wrangler(project, "dev", ...own, "--var", `SERVER:${server}`).spawn();
    const served = new Served(child);
    let said = "";
    for await (const text of served.#out.values({ preventCancel: true })) {
      said += text;
      served.url = said.match(/Ready on (http:\S+)/)?.[1] ?? "";
      if (served.url) return served;
    }
    throw new Error(`wrangler does not serve: ${said}`);
  }

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#out = child.stdout.pipeThrough(new TextDecoderStream());
  }

  /** Ends it as Ctrl-C does; nothing is left. */
  async end(): Promise<void> {
    const all = [this.#child.pid, ...descendants(this.#child.pid)];
    this.#child.kill("SIGINT");
    await soon(() => !all.some(isAlive), () => "it is still there", 3_000);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#out.cancel();
    for (const pid of [...descendants(this.#child.pid), this.#child.pid]) {
      if (isAlive(pid)) Deno.kill(pid, "SIGKILL");
    }
    await this.#child.status;
  }
}

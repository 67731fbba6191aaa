// The middleware of each framework, and the dashboard in it, in a real server of every runtime that there is one for.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { fetchBinary, isFetched, type NpmBinary, pathOf } from "../../scripts/fetch.ts";
import { type Runtime, RUNTIMES } from "../../scripts/runtimes.ts";
import map from "../../import_map.json" with { type: "json" };

interface Program {
  file: string;
  /** The name of its framework's package, unless it comes with the runtime. */
  npm?: keyof typeof map.imports;
  runtimes: RegExp;
}

const PROGRAMS: Program[] = [
  { file: "deno_serve.ts", runtimes: /^deno/ },
  { file: "bun_serve.ts", runtimes: /^bun/ },
  { file: "node_http.ts", runtimes: /^(deno|node|bun)/ },
  { file: "hono.ts", npm: "hono", runtimes: /^(deno|bun)/ },
  // Hono comes with it, as what it needs beside it.
  { file: "hono.ts", npm: "@hono/node-server", runtimes: /^node/ },
  { file: "express.ts", npm: "express", runtimes: /^(deno|node|bun)/ },
  { file: "fastify.ts", npm: "fastify", runtimes: /^(deno|node|bun)/ },
  // On JSR it is newer; npm's runs on Node's http, also here.
  { file: "oak.ts", npm: "@oakserver/oak", runtimes: /^deno/ },
  { file: "dashboard_deno_serve.ts", runtimes: /^deno/ },
  { file: "dashboard_bun_serve.ts", runtimes: /^bun/ },
  { file: "dashboard_hono.ts", npm: "hono", runtimes: /^(deno|bun)/ },
  { file: "dashboard_hono.ts", npm: "@hono/node-server", runtimes: /^node/ },
  { file: "dashboard_express.ts", npm: "express", runtimes: /^(deno|node|bun)/ },
];

function sourceOf({ file }: Program): string {
  return new URL(`frameworks/${file}`, import.meta.url).pathname;
}

/** Any file of it will do: fetched is fetched whole. */
function packageOf({ npm }: Program): NpmBinary | undefined {
  if (npm === undefined) return undefined;
  const [, version = ""] = map.imports[npm].match(/@([\d.]+)$/) ?? [];
  return { name: npm, version, file: "package.json" };
}

/** The command that runs it; Deno takes it as it is. */
async function commandOf(program: Program, { name, binary }: Runtime): Promise<string[]> {
  if (binary === undefined) {
    return [Deno.execPath(), "run", "-A", "--no-check", "--quiet", sourceOf(program)];
  }
  return [pathOf(binary), await bundled(program, name)];
}

/** The bundle lies beside the framework's package, to be found from there. */
async function bundled(program: Program, runtime: string): Promise<string> {
  const framework = packageOf(program);
  if (framework && !isFetched(framework)) await fetchBinary(framework);
  const home = framework ? pathOf(framework).split("/node_modules/")[0] : ".cache/bundles";
  const outfile = `${home}/middleware_${runtime}_${program.file.replace(".ts", ".mjs")}`;
  const options = { bundle: true, format: "esm", packages: "external", target: "es2022" } as const;
  await build({ ...options, entryPoints: [sourceOf(program)], outfile, logLevel: "silent" });
  await stop();
  return outfile;
}

for (const program of PROGRAMS) {
  for (const runtime of RUNTIMES.filter(({ name }) => program.runtimes.test(name))) {
    Deno.test({
      name: `${runtime.label}: ${program.file}`,
      ignore: runtime.binary !== undefined && !isFetched(runtime.binary),
      // What is at stake is in a process of its own; fetching leaves a timer behind.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const [command = "", ...args] = await commandOf(program, runtime);
        const { code, stdout, stderr } = await new Deno.Command(command, {
          args,
          signal: AbortSignal.timeout(60_000),
          env: { NO_COLOR: "1" },
        }).output();
        const text = new TextDecoder();
        assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
      },
    });
  }
}

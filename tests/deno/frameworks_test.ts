// The middleware of each framework, and the dashboard in it, in a real server of every runtime that there is one for.

import { build, stop } from "esbuild";
import { isFetched, pathOf } from "../../scripts/fetch.ts";
import { installedBeside, type Name } from "../../scripts/packages.ts";
import { type Runtime, RUNTIMES } from "../../scripts/runtimes.ts";
import { assertPrintsOk } from "../helpers/prints_ok.ts";
import { together } from "./servers/together.ts";

interface Program {
  file: string;
  /** The name of its framework's package, unless it comes with the runtime. */
  npm?: Name;
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

/** The command that runs it; Deno takes it as it is. */
async function commandOf(program: Program, { binary }: Runtime): Promise<string[]> {
  if (binary === undefined) {
    return [Deno.execPath(), "run", "-A", "--no-check", "--quiet", sourceOf(program)];
  }
  return [pathOf(binary), await bundled(program)];
}

let bundling: Promise<string> | undefined;

/** All programs at once, which lie beside the frameworks' packages, to find them. */
async function bundled(program: Program): Promise<string> {
  const dir = await (bundling ??= bundleAll());
  return `${dir}/${program.file.replace(".ts", ".mjs")}`;
}

async function bundleAll(): Promise<string> {
  const home = await installedBeside(PROGRAMS.flatMap(({ npm }) => npm ?? []));
  const outdir = `${home}/middleware`;
  const options = { bundle: true, format: "esm", packages: "external", target: "es2022" } as const;
  await build({
    ...options,
    entryPoints: [...new Set(PROGRAMS.map(sourceOf))],
    outdir,
    outExtension: { ".js": ".mjs" },
    logLevel: "silent",
  });
  await stop();
  return outdir;
}

for (const program of PROGRAMS) {
  const runtimes = RUNTIMES.filter(({ name }) => program.runtimes.test(name));
  const here = runtimes.filter(({ binary }) => binary === undefined || isFetched(binary));
  const run = async (runtime: Runtime) =>
    await assertPrintsOk(await commandOf(program, runtime), 60_000);
  // What the dashboard's do most is wait.
  const start = together(here.map((runtime) => () => run(runtime)));
  for (const runtime of runtimes) {
    Deno.test({
      name: `${runtime.label}: ${program.file}`,
      ignore: !here.includes(runtime),
      // What is at stake is in a process of its own; fetching leaves a timer behind.
      sanitizeOps: false,
      sanitizeResources: false,
      fn: () => program.file.startsWith("dashboard") ? start(here.indexOf(runtime)) : run(runtime),
    });
  }
}

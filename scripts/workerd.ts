// Cloudflare's runtime: what it runs, a configuration with a Worker for each test file.
//
// Every Worker has, besides what its compatibility date and flags give, in `env`:
//   SELF        itself as a service: each `SELF.fetch(...)` is a request of its own
//   <Class>     a Durable Object namespace for each class that the test file exports, by its name
//   SERVER      the address of a TCP server on loopback, see echo.ts
// and may connect to any address. What a test file needs beyond that goes into `worker` below.

import type { Plugin } from "esbuild";
import { type Bundle, bundle } from "./bundle.ts";
import { EchoServer } from "./echo.ts";

/** What a Worker may ask for. */
export interface Compatibility {
  /** The compatibility date. */
  date: string;
  flags: string[];
  /** Those of Node's modules that this gives it. */
  modules: "all" | string[];
}

const bundling = new Map<string, Promise<Bundle[]>>();

/** Writes the bundles of `files` and their configuration, and says where that is. */
export async function writeConfig(
  name: string,
  files: string[],
  compatibility: Compatibility,
): Promise<string> {
  const { modules } = compatibility;
  const given = ["workerd", ...(modules === "all" ? [modules] : modules)].join("-")
    .replaceAll(":", "-");
  // Once for all kinds that are given the same.
  const bundles = await bundling.getOrInsertComputed(
    [given, ...files].join(" "),
    () => bundled(given, files, modules),
  );
  const path = `${Deno.cwd()}/.cache/bundles/${given}/${name}.capnp`;
  const server = `127.0.0.1:${new EchoServer().port}`;
  const services = files.map((file, i) => service(file, bundles[i]!, compatibility, server));
  await Deno.writeTextFile(path, config(services));
  return path;
}

function bundled(
  name: string,
  files: string[],
  modules: Compatibility["modules"],
): Promise<Bundle[]> {
  const plugins = [worker(), runtimeModules(modules)];
  return bundle(files, { name, target: "esnext", bdd: "bdd_workerd.ts", plugins });
}

function config(services: string[]): string {
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--expose-gc"],
  services = [
    (name = "internet", network = (allow = ["public", "private"])),
${services.join(",\n")}
  ],
);
`;
}

function service(
  file: string,
  { exports }: Bundle,
  { date, flags }: Compatibility,
  server: string,
): string {
  const script = file.replace(/\.ts$/, ".mjs");
  const objects = exports.filter((name) => name !== "default");
  const bindings = [
    `(name = "SELF", service = "${file}")`,
    `(name = "SERVER", text = "${server}")`,
    ...objects.map((name) => `(name = "${name}", durableObjectNamespace = "${name}")`),
  ];
  const namespaces = objects.map((name) => `(className = "${name}", uniqueKey = "${name}")`);
  return `    (name = "${file}", worker = (
      modules = [(name = "${script}", esModule = embed "${script}")],
      compatibilityDate = "${date}",
      compatibilityFlags = [${flags.map((flag) => `"${flag}"`)}],
      bindings = [${bindings.join(", ")}],
      durableObjectNamespaces = [${namespaces.join(", ")}],
      durableObjectStorage = (inMemory = void),
    ))`;
}

/** Makes a Worker of a test file: its own exports, and the handler that runs its tests. */
function worker(): Plugin {
  return {
    name: "worker",
    setup(build) {
      build.onResolve({ filter: /^test:/ }, ({ path }) => ({
        path: path.slice("test:".length),
        namespace: "worker",
      }));
      build.onLoad({ filter: /./, namespace: "worker" }, ({ path }) => ({
        resolveDir: Deno.cwd(),
        contents: `
          import { runAll } from "./tests/std/bdd_workerd.ts";
          import * as own from "./${path}";
          export * from "./${path}";
          export default { ...own.default, test: () => runAll("${path}") };`,
      }));
    },
  };
}

/** Leaves to the runtime the modules that it has, and puts what skips a test where it has none. */
function runtimeModules(there: "all" | string[]): Plugin {
  // No Worker has the files of this repository.
  const has = (name: string) => name !== "node:fs" && (there === "all" || there.includes(name));
  return {
    name: "runtime-modules",
    setup(build) {
      build.onResolve({ filter: /^cloudflare:/ }, ({ path }) => ({ path, external: true }));
      build.onResolve({ filter: /^node:/ }, ({ path, importer }) => {
        if (has(path)) return { path, external: true };
        const asserts = path === "node:util" && importer.includes("/tests/std/");
        return asserts
          ? { path: `${Deno.cwd()}/tests/std/node_workerd.ts` }
          : { path, namespace: "missing" };
      });
      build.onLoad({ filter: /./, namespace: "missing" }, async ({ path }) => ({
        resolveDir: Deno.cwd(),
        contents: standIn(path, Object.keys(await import(path))),
      }));
    },
  };
}

function standIn(module: string, names: string[]): string {
  const exports = names.map((name) => {
    const what = JSON.stringify(`${module} here`);
    return name === "default"
      ? `export default missing(${what});`
      : `export const ${name} = missing(${what});`;
  });
  return `import { missing } from "./tests/std/missing.ts";\n${exports.join("\n")}`;
}

// Whether each runtime loads the installed package, and what bundlers make of it.

import type { Metafile } from "esbuild";
import config from "../../deno.json" with { type: "json" };
import { pathOf } from "../fetch.ts";
import type { Runtime } from "../runtimes.ts";
import type { Check } from "./check.ts";
import { succeed } from "./pack.ts";

const PROGRAM = "tests/npm/consumer.ts";
const TELLS = "lease 0, use 1, 2; scoped 0; face 0, face 0, face 0; PoolClosedError\n";

/** How often the time of an import is taken. */
const SAMPLES = 5;

/** `runtimes`: those that run files; Deno is one of them, with packages as npm installs them. */
export function loadChecks(runtimes: Runtime[]): Check[] {
  return [
    ...runtimes.flatMap((runtime) => [
      { name: `${runtime.label}: import`, run: () => runs(runtime, "esm") },
      { name: `${runtime.label}: require`, run: () => runs(runtime, "cjs") },
      { name: `${runtime.label}: both give the same`, run: () => isOne(runtime) },
      { name: `${runtime.label}: what an import costs`, run: () => cost(runtime) },
    ]),
    {
      name: "a bundle with a scope alone leaves pool and proxy out",
      run: () =>
        shaken(`import { versatile } from "${config.name}/scopes"; versatile.run(() => 1);`),
    },
    {
      name: "a bundle with Pool alone leaves proxies and scopes out",
      run: () => shaken(`import { Pool } from "${config.name}"; new Pool(() => 1);`),
    },
  ];
}

/** As it is written, the package stays outside of the bundle. */
async function runs({ binary, target }: Runtime, format: "esm" | "cjs"): Promise<void> {
  const { build } = await import("esbuild");
  const outfile = `consumer.${target}.${format === "esm" ? "mjs" : "cjs"}`;
  const options = { bundle: true, packages: "external", logLevel: "silent" } as const;
  await build({ ...options, entryPoints: [PROGRAM], outfile, format, target });
  const told = await succeed([...start(binary), outfile]);
  if (told !== TELLS) throw new Error(`it tells ${told}, not ${TELLS}`);
}

function start(binary: Runtime["binary"]): string[] {
  if (binary) return [pathOf(binary)];
  return [Deno.execPath(), "run", "-A", "--no-config", "--node-modules-dir=manual"];
}

/** Two copies in a process would be two sets of scopes, and of classes of errors. */
async function isOne({ binary }: Runtime): Promise<void> {
  await Deno.writeTextFile(
    "one.mjs",
    `import { createRequire } from "node:module";
    import { Pool } from "${config.name}";
    import { versatile } from "${config.name}/scopes";
    const require = createRequire(import.meta.url);
    const [main, scopes] = [require("${config.name}"), require("${config.name}/scopes")];
    console.log(main.Pool === Pool && scopes.versatile === versatile);`,
  );
  const told = await succeed([...start(binary), "one.mjs"]);
  if (told !== "true\n") throw new Error(`import and require give different classes: ${told}`);
}

/** In a process of its own each time. */
async function cost({ binary }: Runtime): Promise<string> {
  await Deno.writeTextFile(
    "cost.mjs",
    `const begun = performance.now();
    await import("${config.name}");
    console.log(performance.now() - begun);`,
  );
  const times: number[] = [];
  for (let sample = 0; sample < SAMPLES; sample++) {
    times.push(Number(await succeed([...start(binary), "cost.mjs"])));
  }
  const median = times.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)]!;
  if (Number.isNaN(median)) throw new Error(`it prints no time: ${times}`);
  return `${median.toFixed(1)} ms`;
}

/** Bundles `contents`; fails if there is anything in it that is not asked for. */
async function shaken(contents: string): Promise<string> {
  const { build } = await import("esbuild");
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: Deno.cwd() },
    bundle: true,
    format: "esm",
    minify: true,
    metafile: true,
    write: false,
    logLevel: "silent",
  });
  const inside = modules(metafile);
  const wrong = inside.filter((path) =>
    contents.includes("/scopes")
      ? /(^|\/)(pool|proxy)[./]/.test(path)
      : /(^|\/)(proxy|scopes|adapters|quota)[./]/.test(path)
  );
  if (wrong.length > 0) throw new Error(`in the bundle nevertheless: ${wrong.join(", ")}`);
  return `${inside.length} modules, ${outputFiles[0]!.contents.byteLength} bytes minified`;
}

/** The package's modules of which there is something in the bundle. */
function modules({ outputs }: Metafile): string[] {
  return Object.values(outputs).flatMap(({ inputs }) => Object.entries(inputs))
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => path.split(`${config.name}/`)[1]!).filter(Boolean);
}

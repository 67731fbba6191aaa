// Programs of a test's own, in real processes of every runtime that the suite has fetched.

import { build, stop } from "esbuild";
import { pathOf } from "../../scripts/fetch.ts";
import { RUNTIMES } from "../../scripts/runtimes.ts";

/** A runtime that can run one. */
export interface Runner {
  label: string;
  command: string[];
  /** The level of the language. */
  target: string;
  /** Whether it has been fetched: `deno task test` on all runtimes does that first. */
  there: boolean;
}

/** All but workerd, which serves, and does not end by itself. */
export function runners(): Runner[] {
  return RUNTIMES.filter(({ usual, together }) => usual && !together)
    .map(({ label, binary, target }) => ({
      label,
      command: binary === undefined ? [Deno.execPath(), "run", "-A"] : [pathOf(binary)],
      target,
      there: binary === undefined || isFile(pathOf(binary)),
    }));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Bundles the modules in `sources`, by their names, of which `main` is the program and may import the
 * library as "proxypool", "proxypool/scopes" and so on, and gives what it printed; throws if it failed.
 */
export async function printed(
  { command: [file, ...args], target }: Runner,
  sources: { main: string; [name: string]: string },
): Promise<string> {
  const dir = await Deno.makeTempDir();
  try {
    for (const [name, source] of Object.entries(sources)) {
      await Deno.writeTextFile(`${dir}/${name}.ts`, source);
    }
    const root = new URL("../../", import.meta.url).pathname;
    await build({
      entryPoints: [`${dir}/main.ts`],
      outfile: `${dir}/main.mjs`,
      alias: {
        "proxypool": `${root}mod.ts`,
        "proxypool/scopes": `${root}scopes/mod.ts`,
        "proxypool/otel": `${root}observe/otel.ts`,
        "proxypool/quota/threads": `${root}quota/threads.ts`,
        "proxypool/channels": `${root}observe/channels.ts`,
        "proxypool/keyed": `${root}quota/keyed.ts`,
        "proxypool/compat/generic-pool": `${root}compat/generic_pool.ts`,
        "proxypool/compat/sequelize-pool": `${root}compat/sequelize_pool.ts`,
        "proxypool/compat/tarn": `${root}compat/tarn.ts`,
      },
      bundle: true,
      format: "esm",
      platform: "node",
      target,
      logLevel: "silent",
    });
    await stop();
    const { code, stdout, stderr } = await new Deno.Command(file!, {
      args: [...args, `${dir}/main.mjs`],
      signal: AbortSignal.timeout(20_000),
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder();
    if (code === 0) return text.decode(stdout).trim();
    throw new Error(`exit code ${code}\n${text.decode(stdout)}\n${text.decode(stderr)}`);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

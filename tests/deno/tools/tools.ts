// Test tools of npm, each fetched once, and run on files that are bundled with the library.

import { build, stop } from "esbuild";
import { fetchBinary, isFetched, type NpmBinary, pathOf } from "../../../scripts/fetch.ts";
import { RUNTIMES } from "../../../scripts/runtimes.ts";

export const JEST_29: NpmBinary = { name: "jest", version: "29.7.0", file: "bin/jest.js" };
export const JEST_30: NpmBinary = { name: "jest", version: "30.5.2", file: "bin/jest.js" };
export const VITEST: NpmBinary = { name: "vitest", version: "4.1.12", file: "vitest.mjs" };
export const SINON: NpmBinary = { name: "sinon", version: "22.1.0", file: "package.json" };
export const CLS: NpmBinary = { name: "cls-hooked", version: "4.2.2", file: "package.json" };

const LIMIT = 120_000;

/** A Node that a tool runs on. */
export interface NodeVersion {
  label: string;
  binary: NpmBinary;
  major: number;
}

export const NODES: NodeVersion[] = RUNTIMES.flatMap(({ name, label, binary }) =>
  name.startsWith("node") ? { label, binary: binary!, major: Number(name.slice(4)) } : []
);

/** A test, "subject: what it shows", of what is on npm: skipped, saying why, where that cannot be fetched. */
export async function toolTest(
  name: string,
  needs: NpmBinary[],
  fn: () => Promise<void>,
): Promise<void> {
  const why = await missing(needs);
  Deno.test({
    name: why === "" ? name : `${name} (skipped: ${why})`,
    ignore: why !== "",
    sanitizeOps: false, // fetching leaves a timer behind
    sanitizeResources: false,
    fn,
  });
}

async function missing(needs: NpmBinary[]): Promise<string> {
  try {
    for (const need of needs) if (!isFetched(need)) await fetchBinary(need);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

/** Files in a directory of their own, which goes at the end. */
export class Project implements AsyncDisposable {
  readonly dir = Deno.makeTempDirSync();

  /** Writes `file`, of one or more sources that are bundled with what they import of this repository. */
  async add(file: string, source: string, format: "esm" | "cjs" = "esm"): Promise<string> {
    const outfile = `${this.dir}/${file}`;
    const root = new URL("../../../", import.meta.url).pathname;
    await build({
      stdin: { contents: source, loader: "ts", resolveDir: root },
      outfile,
      alias: { "@std/assert": "./tests/std/assert.ts", "@std/testing/time": "./tests/std/time.ts" },
      external: ["sinon", "cls-hooked"],
      bundle: true,
      format,
      platform: "node",
      target: "es2022",
      logLevel: "silent",
      absWorkingDir: root.replace(/\/$/, ""),
    });
    await stop();
    return outfile;
  }

  write(file: string, text: string): Promise<void> {
    return Deno.writeTextFile(`${this.dir}/${file}`, text);
  }

  /** Makes a package one that the files here can import. */
  async link({ name, version, file }: NpmBinary): Promise<void> {
    await Deno.mkdir(`${this.dir}/node_modules`, { recursive: true });
    const from = pathOf({ name, version, file }).slice(0, -`/${file}`.length);
    await Deno.symlink(from, `${this.dir}/node_modules/${name}`);
  }

  /** What Node prints, both ways; throws that if it fails. */
  async node(node: NodeVersion, ...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await new Deno.Command(pathOf(node.binary), {
      args,
      cwd: this.dir,
      env: { NO_COLOR: "1", CI: "1" },
      stdin: "null",
      signal: AbortSignal.timeout(LIMIT),
    }).output();
    const output = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes)).join("\n");
    if (code === 0) return output;
    throw new Error(`exit code ${code}\n${output}`);
  }

  /** Jest's report. */
  jest(
    node: NodeVersion,
    jest: NpmBinary,
    config: object = {},
    ...args: string[]
  ): Promise<string> {
    const all = JSON.stringify({ transform: {}, testMatch: ["**/*.test.cjs"], ...config });
    const own = ["--rootDir", this.dir, "--config", all, "--no-watchman", "--no-cache"];
    return this.node(node, pathOf(jest), ...own, ...args);
  }

  /** Its report. */
  vitest(node: NodeVersion, vitest: NpmBinary): Promise<string> {
    return this.node(node, pathOf(vitest), "run", "--globals", "--root", this.dir);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.dir, { recursive: true });
  }
}

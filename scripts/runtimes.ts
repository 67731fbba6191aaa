// The runtimes the suite runs on, one record each: where it is from, how it runs a file, how it counts.

import { type Bundle, bundle, type Target } from "./bundle.ts";
import { type NpmBinary, pathOf } from "./fetch.ts";
import { type Case, readBun, readDeno, readNode } from "./junit.ts";
import { type Std, stdFlags } from "./std.ts";
import { type Compatibility, writeConfig } from "./workerd.ts";
import { readWorkerd } from "./workerd_report.ts";

/** What one process runs: a test file, all examples of the documentation, or all test files. */
export interface Job {
  /** What it is called in messages; nothing where its tests themselves tell their files. */
  title: string;
  files: string[];
  /** Examples are run where they can be: that is Deno. */
  examples: boolean;
  /** What it has to wait for, if anything. */
  after?: Promise<unknown>;
}

export interface Setting {
  /** Where the report goes. */
  report: string;
  std: Std;
}

/** What a process leaves to be read. */
export interface Printed {
  files: string[];
  /** What it wrote to `Setting.report`. */
  report: string;
  stdout: string;
  stderr: string;
}

export interface Runtime {
  /** Its name on the command line. */
  name: string;
  /** Its name with its version, for people. */
  label: string;
  /** What must be fetched for it. */
  binary?: NpmBinary;
  /** The level of the language that it is given. */
  target: Target;
  /** It cannot run the tests as they are: makes of all of them what it can run, and says where that is. */
  prepare?(files: string[]): Promise<string[]>;
  /** One process runs all files, each on its own in there: many would take longer to start than to run. */
  together?: boolean;
  /** Whether it is run when no runtime is named. */
  usual: boolean;
  takes(job: Job): boolean;
  /** The command that runs the files of a job, or what was made of them. */
  command(job: Job, setting: Setting): string[];
  /** The tests that were run, without the suites around them. */
  read(printed: Printed): Case[];
}

const { os, arch } = Deno.build;
const DENO_ONLY = "tests/deno/";
const WORKERD_ONLY = "tests/workerd/";
/** Examples are to fail if what they assert does not hold. */
const ASSERTING = "tests/helpers/asserting.ts";

function isForAll({ title, examples }: Job): boolean {
  return !examples && !title.startsWith(DENO_ONLY) && !title.startsWith(WORKERD_ONLY);
}

/** Whether its tests start programs on whatever runtimes have been fetched. */
export function visits({ title }: Job): boolean {
  return title.startsWith(DENO_ONLY);
}

/** What takes longest, the longest first, as `--times` tells; all else takes a few seconds. */
const LONG = [
  "examples",
  "tests/deno/tools/fake_timers",
  "tests/deno/frameworks",
  "tests/deno/dashboard_browser",
  "tests/deno/recipes/",
  "tests/deno/demo_test",
  "tests/deno/servers/pg_native",
  "tests/deno/servers/redis_pool_runtimes",
  "tests/deno/model",
  "tests/deno/keyed_memory",
  "tests/deno/servers/",
  "tests/deno/",
  "tests/fake_timers",
];

/** Jobs of a lower rank run first: what takes long, so that it is not alone at the end. */
export function rankOf({ title }: Job): number {
  const rank = LONG.findIndex((part) => title.startsWith(part));
  return rank < 0 ? LONG.length : rank;
}

const bundling = new Map<string, Promise<Bundle[]>>();

/** Once for all runtimes of that level, which may run them at the same time. */
async function bundled(files: string[], target: Target): Promise<string[]> {
  const goal = { name: target, target, bdd: "bdd.ts", maps: true };
  const key = [target, ...files].join(" ");
  const bundles = await bundling.getOrInsertComputed(key, () => bundle(files, goal));
  return bundles.map(({ path }) => path);
}

function deno(): Runtime {
  return {
    name: "deno",
    label: `deno ${Deno.version.deno}`,
    usual: true,
    target: "esnext",
    takes: ({ title }) => !title.startsWith(WORKERD_ONLY),
    command: ({ title, files, examples }, { report, std }) => {
      const flags = ["-A", "--v8-flags=--expose-gc", `--junit-path=${report}`, ...stdFlags(std)];
      // Types of sources and tests are the gate's affair; no one else checks those of examples.
      flags.push(...(examples ? ["--quiet", "--doc", `--preload=${ASSERTING}`] : ["--no-check"]));
      if (title.startsWith(DENO_ONLY)) flags.push("--sanitize-ops", "--sanitize-resources");
      return [Deno.execPath(), "test", ...flags, ...files];
    },
    read: ({ report }) => readDeno(report),
  };
}

function node(name: string, version: string, target: Target, usual = true): Runtime {
  const platform = os === "windows" ? "win" : os;
  const cpu = arch === "aarch64" ? "arm64" : "x64";
  const file = os === "windows" ? "bin/node.exe" : "bin/node";
  const binary: NpmBinary = { name: `node-${platform}-${cpu}`, version, file };
  return {
    name,
    label: `node ${version}`,
    binary,
    usual,
    target,
    prepare: (files) => bundled(files, target),
    takes: isForAll,
    command: ({ files }, { report }) => {
      const reporters = [
        ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
        // Not read, but shown of a process that never gets to write its report.
        ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ];
      return [pathOf(binary), "--enable-source-maps", "--expose-gc", ...reporters, ...files];
    },
    read: ({ report }) => readNode(report),
  };
}

function bun(version: string): Runtime {
  const cpu = arch === "aarch64" ? "aarch64" : "x64";
  const file = os === "windows" ? "bin/bun.exe" : "bin/bun";
  const binary: NpmBinary = { name: `@oven/bun-${os}-${cpu}`, version, file };
  return {
    name: "bun",
    label: `bun ${version}`,
    binary,
    usual: true,
    target: "esnext",
    prepare: (files) => bundled(files, "esnext"),
    takes: isForAll,
    command: ({ files }, { report }) => {
      const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
      // Its own limit of 5 s a test is less than that of the others.
      return [pathOf(binary), "test", "--timeout=30000", ...reporter, ...files];
    },
    read: ({ report }) => readBun(report),
  };
}

/** One of the many Workers' runtimes that workerd is, by its compatibility date and flags. */
function workerd(name: string, compatibility: Compatibility): Runtime {
  const version = "1.20261117.1";
  const cpu = arch === "aarch64" ? "arm64" : "64";
  const file = os === "windows" ? "bin/workerd.exe" : "bin/workerd";
  const binary: NpmBinary = { name: `@cloudflare/workerd-${os}-${cpu}`, version, file };
  return {
    name,
    label: `${name} ${version}`,
    binary,
    usual: true,
    target: "esnext",
    takes: (job) => isForAll(job) || job.title.startsWith(WORKERD_ONLY),
    prepare: async (files) => [await writeConfig(name, files, compatibility)],
    together: true,
    command: ({ files }) => [pathOf(binary), "test", ...files],
    read: ({ files, stdout, stderr }) => readWorkerd(files, stdout, stderr),
  };
}

export const RUNTIMES: Runtime[] = [
  deno(),
  node("node20", "20.20.2", "es2022"),
  node("node22", "22.23.3", "es2022", false),
  node("node24", "24.21.0", "esnext"),
  bun("1.4.5"),
  workerd("workerd-node", { date: "2026-06-01", flags: ["nodejs_compat"], modules: "all" }),
  // No process.getBuiltinModule, and timers that are numbers.
  workerd("workerd-als", {
    date: "2026-02-01",
    flags: ["nodejs_als"],
    modules: ["node:async_hooks"],
  }),
  // Nothing of Node's, and no FinalizationRegistry.
  workerd("workerd-old", { date: "2024-01-01", flags: [], modules: [] }),
  // Since 2026-08-04 nodejs_compat goes without saying.
  workerd("workerd-new", { date: "2026-11-17", flags: [], modules: "all" }),
];

/** What the runtime takes of them, in as many processes as it needs. */
export function jobsOf({ takes, together }: Runtime, all: Job[]): Job[] {
  const jobs = all.filter(takes);
  return together && jobs.length > 0
    ? [{ title: "", files: jobs.flatMap(({ files }) => files), examples: false }]
    : jobs;
}

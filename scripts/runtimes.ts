// The runtimes the suite runs on, one record each: where it is from, how it runs a file, how it counts.

import { type NpmBinary, pathOf } from "./fetch.ts";
import { type Case, readBun, readDeno, readNode } from "./junit.ts";
import { type Std, stdFlags } from "./std.ts";

/** What one process runs: a test file, or all examples of the documentation. */
export interface Job {
  /** What it is called in messages. */
  title: string;
  files: string[];
  /** Examples are run where they can be: that is Deno. */
  examples: boolean;
}

export interface Setting {
  /** Where the report goes. */
  report: string;
  std: Std;
}

export interface Runtime {
  /** Its name on the command line. */
  name: string;
  /** Its name with its version, for people. */
  label: string;
  /** What must be fetched for it. */
  binary?: NpmBinary;
  /** It cannot run the tests as they are: bundle them down to this level of the language. */
  bundle?: "es2022" | "esnext";
  /** Whether it is run when no runtime is named. */
  usual: boolean;
  takes(job: Job): boolean;
  /** The command that runs the files of a job, which may have been bundled. */
  command(job: Job, setting: Setting): string[];
  /** The tests in a report, without the suites around them. */
  read(report: string): Case[];
}

const { os, arch } = Deno.build;
const DENO_ONLY = "tests/deno/";

function isForAll({ title, examples }: Job): boolean {
  return !examples && !title.startsWith(DENO_ONLY);
}

function deno(): Runtime {
  return {
    name: "deno",
    label: `deno ${Deno.version.deno}`,
    usual: true,
    takes: () => true,
    command: ({ title, files, examples }, { report, std }) => {
      const flags = ["-A", "--v8-flags=--expose-gc", `--junit-path=${report}`, ...stdFlags(std)];
      // Types of sources and tests are the gate's affair; no one else checks those of examples.
      flags.push(...(examples ? ["--quiet", "--doc"] : ["--no-check"]));
      if (title.startsWith(DENO_ONLY)) flags.push("--sanitize-ops", "--sanitize-resources");
      return [Deno.execPath(), "test", ...flags, ...files];
    },
    read: readDeno,
  };
}

function node(name: string, version: string, bundle: "es2022" | "esnext", usual = true): Runtime {
  const platform = os === "windows" ? "win" : os;
  const cpu = arch === "aarch64" ? "arm64" : "x64";
  const file = os === "windows" ? "bin/node.exe" : "bin/node";
  const binary: NpmBinary = { name: `node-${platform}-${cpu}`, version, file };
  return {
    name,
    label: `node ${version}`,
    binary,
    bundle,
    usual,
    takes: isForAll,
    command: ({ files }, { report }) => {
      const reporters = [
        ...["--test-reporter=junit", `--test-reporter-destination=${report}`],
        // Not read, but shown of a process that never gets to write its report.
        ...["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ];
      return [pathOf(binary), "--enable-source-maps", "--expose-gc", ...reporters, ...files];
    },
    read: readNode,
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
    bundle: "esnext",
    usual: true,
    takes: isForAll,
    command: ({ files }, { report }) => {
      const reporter = ["--reporter=junit", `--reporter-outfile=${report}`];
      // Its own limit of 5 s a test is less than that of the others.
      return [pathOf(binary), "test", "--timeout=30000", ...reporter, ...files];
    },
    read: readBun,
  };
}

export const RUNTIMES: Runtime[] = [
  deno(),
  node("node20", "20.20.2", "es2022"),
  node("node22", "22.23.3", "es2022", false),
  node("node24", "24.21.0", "esnext"),
  bun("1.4.5"),
];

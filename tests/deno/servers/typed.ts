// Has old and new compilers check what users write, strictly and with the declarations of the packages.

import { assertEquals } from "@std/assert";
import { fetchBinary, isFetched, pathOf } from "../../../scripts/fetch.ts";
import { CURRENT, OLD } from "../../../scripts/npm/tools.ts";
import config from "../../../deno.json" with { type: "json" };
import { installedBeside, type Name } from "./pg_packages.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

/** What there is to check. */
interface Statements {
  /** What it is about. */
  what: string;
  /** From the top of the repository. */
  file: string;
  packages: readonly Name[];
  /** Where each package has its declarations, in `node_modules`. */
  paths: Record<string, string>;
}

/** Registers a test for each compiler. */
export async function testTypes({ file, packages, paths, what }: Statements): Promise<void> {
  const skipped = await isOnline() ? "" : " (skipped: npm does not answer)";
  for (const { tsc, ambient: { node } } of [OLD, CURRENT]) {
    Deno.test({
      name: `TypeScript ${tsc.version}: ${what}${skipped}`,
      ignore: skipped !== "",
      // Fetching leaves a timer behind.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const home = await installedBeside(packages);
        const project = `${home}/tsconfig.${Deno.pid}.json`;
        const modules = `${home}/node_modules`;
        const compilerOptions = {
          ...config.compilerOptions,
          noEmit: true,
          allowImportingTsExtensions: true,
          esModuleInterop: true,
          skipLibCheck: true, // those of the packages may be for newer compilers than the old one
          target: "es2022",
          lib: ["es2022", "esnext.disposable", "dom"],
          types: ["node"],
          typeRoots: [pathOf(node!).replace(/\/node\/index\.d\.ts$/, "")],
          module: "esnext",
          moduleResolution: "bundler",
          paths: Object.fromEntries(
            Object.entries(paths).map(([name, path]) => [name, [`${modules}/${path}`]]),
          ),
        };
        await Deno.writeTextFile(
          project,
          JSON.stringify({ files: [`${ROOT}${file}`], compilerOptions }),
        );
        const args = [pathOf(tsc), "--project", project];
        const { code, stdout } = await new Deno.Command("node", { args }).output();
        await Deno.remove(project);
        assertEquals([new TextDecoder().decode(stdout), code], ["", 0]);
      },
    });
  }
}

async function isOnline(): Promise<boolean> {
  try {
    for (const { tsc, ambient: { node } } of [OLD, CURRENT]) {
      for (const binary of [tsc, node!]) if (!isFetched(binary)) await fetchBinary(binary);
    }
    return true;
  } catch {
    return false;
  }
}

// Compiles what the types of an adapter promise, by an old and a new compiler, strict and with the driver's own declarations.

import { assertEquals } from "@std/assert";
import { fetchBinary, isFetched, pathOf } from "../../../scripts/fetch.ts";
import { CURRENT, OLD } from "../../../scripts/npm/tools.ts";
import config from "../../../deno.json" with { type: "json" };
import { installedBeside, type Name } from "./pg_packages.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

const noNpm = await isOnline() ? "" : " (skipped: npm does not answer)";

async function isOnline(): Promise<boolean> {
  try {
    if (!isFetched(OLD.tsc)) await fetchBinary(OLD.tsc);
    if (!isFetched(CURRENT.tsc)) await fetchBinary(CURRENT.tsc);
    return true;
  } catch {
    return false;
  }
}

/** `declarations`: where those of the modules are, in node_modules. */
export function compiled(
  adapter: string,
  packages: Name[],
  declarations: Record<string, string>,
): void {
  for (const { tsc } of [OLD, CURRENT]) {
    Deno.test({
      name: `TypeScript ${tsc.version}: the types of the ${adapter} adapter${noNpm}`,
      ignore: noNpm !== "",
      // Fetching leaves a timer behind.
      sanitizeOps: false,
      sanitizeResources: false,
      async fn() {
        const home = await installedBeside(packages);
        const project = `${home}/tsconfig.${Deno.pid}.json`;
        const modules = `${home}/node_modules`;
        const paths = Object.entries(declarations)
          .map(([name, path]) => [name, [`${modules}/${path}`]]);
        const compilerOptions = {
          ...config.compilerOptions,
          noEmit: true,
          allowImportingTsExtensions: true,
          esModuleInterop: true,
          skipLibCheck: true, // the declarations of Node are for newer compilers than the old one
          target: "es2022",
          lib: ["es2022", "esnext.disposable", "dom"],
          types: ["node"],
          typeRoots: [`${modules}/@types`],
          module: "esnext",
          moduleResolution: "bundler",
          paths: Object.fromEntries(paths),
        };
        const files = [`${ROOT}tests/deno/servers/${adapter}_statements.ts`];
        await Deno.writeTextFile(project, JSON.stringify({ files, compilerOptions }));
        const args = [pathOf(tsc), "--project", project];
        const { code, stdout } = await new Deno.Command("node", { args }).output();
        await Deno.remove(project);
        assertEquals([new TextDecoder().decode(stdout), code], ["", 0]);
      },
    });
  }
}

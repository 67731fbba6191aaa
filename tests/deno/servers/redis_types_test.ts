// Whether the types of the Redis adapter hold in old and new compilers, strict and with the drivers' own.

import { assertEquals } from "@std/assert";
import { fetchBinary, isFetched, pathOf } from "../../../scripts/fetch.ts";
import { CURRENT, OLD } from "../../../scripts/npm/tools.ts";
import config from "../../../deno.json" with { type: "json" };
import { installedBeside } from "./pg_packages.ts";

const ROOT = new URL("../../../", import.meta.url).pathname;

const noNpm = await isOnline() ? "" : " (skipped: npm does not answer)";

async function isOnline(): Promise<boolean> {
  try {
    for (const { tsc, ambient: { node } } of [OLD, CURRENT]) {
      if (!isFetched(tsc)) await fetchBinary(tsc);
      if (!isFetched(node!)) await fetchBinary(node!);
    }
    return true;
  } catch {
    return false;
  }
}

for (const { tsc, ambient: { node } } of [OLD, CURRENT]) {
  Deno.test({
    name: `TypeScript ${tsc.version}: the types of the Redis adapter${noNpm}`,
    ignore: noNpm !== "",
    // Fetching leaves a timer behind.
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const home = await installedBeside(["@redis/client", "redis", "ioredis"]);
      const project = `${home}/tsconfig.${Deno.pid}.json`;
      const typesOf = (name: string) => [`${home}/node_modules/${name}`];
      const compilerOptions = {
        ...config.compilerOptions,
        noEmit: true,
        allowImportingTsExtensions: true,
        skipLibCheck: true, // they are for newer compilers than the old one
        target: "es2022",
        lib: ["es2022", "esnext.disposable", "dom"],
        types: ["node"],
        typeRoots: [pathOf(node!).replace(/\/node\/index\.d\.ts$/, "")],
        module: "esnext",
        moduleResolution: "bundler",
        paths: {
          "@redis/client": typesOf("@redis/client"),
          redis: typesOf("redis"),
          ioredis: typesOf("ioredis"),
        },
      };
      const files = [`${ROOT}tests/deno/servers/redis_statements.ts`];
      await Deno.writeTextFile(project, JSON.stringify({ files, compilerOptions }));
      const args = [pathOf(tsc), "--project", project];
      const { code, stdout } = await new Deno.Command("node", { args }).output();
      await Deno.remove(project);
      assertEquals([new TextDecoder().decode(stdout), code], ["", 0]);
    },
  });
}

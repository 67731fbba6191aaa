// pgPool over pg.native, on the Node that is installed: it is built for that one.

import { assertEquals } from "@std/assert";
import { tail } from "../../../scripts/process.ts";
import { bundledIn, installedBeside } from "./pg_packages.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./pg_native_main.ts", import.meta.url).pathname;

const noServer = await whySkipped(postgres);
const [home, fault] = noServer
  ? ["", ""]
  : await installedBeside(["pg", "pg-native"], true).then((home) => [home, ""], (error) => {
    return ["", ` (skipped: pg-native is not built: ${tail(error.message, 1)})`];
  });

Deno.test({
  name: `pgPool over pg.native${noServer || fault}`,
  ignore: home === "",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const bundle = await bundledIn(home!, MAIN, { format: "cjs", target: "es2022" });
    const { code, stdout, stderr } = await new Deno.Command("node", {
      args: [bundle],
      signal: AbortSignal.timeout(60_000),
      env: { NO_COLOR: "1" },
    }).output();
    await Deno.remove(bundle);
    const text = new TextDecoder();
    assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
  },
});

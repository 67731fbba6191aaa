// pgPool over pg.native, on the Node that is installed: it is built for that one.

import { tail } from "../../../scripts/process.ts";
import { assertPrintsOk } from "../../helpers/prints_ok.ts";
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
    await assertPrintsOk(["node", bundle], 60_000);
    await Deno.remove(bundle);
  },
});

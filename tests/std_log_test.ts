// The Logger of @std/log does as the pool's logger. Skipped where JSR is out of reach.

import { assert } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { hasStdLog, importStdLog } from "./std/log.ts";

describe("@std/log", () => {
  const test = hasStdLog ? it : it.skip;

  test("its Logger logs for the pool", async () => {
    const { BaseHandler, Logger } = await importStdLog();
    const lines: string[] = [];
    const handler = Object.assign(new BaseHandler("DEBUG"), {
      log: (line: string) => void lines.push(line),
    });
    const logger = new Logger("pool", "DEBUG", { handlers: [handler] });
    const pool = new Pool(() => ({}), { logger, logLevel: "debug" });
    const lease = await pool.get();
    await pool.ret(lease);
    await pool.shutdown();
    assert(lines.length > 0, "nothing of the pool's was logged");
  });
});

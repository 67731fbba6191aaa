// postgresQuota, proven by processes on three runtimes, whatever befalls them and their PostgreSQL.

import { assertEquals } from "@std/assert";
import { findPrograms } from "../servers/own_postgres.ts";
import { isHere, type RuntimeName } from "./conductor.ts";
import { PostgresStage } from "./postgres_stage.ts";
import { type Fault, prove, Run } from "./proof.ts";

const HOLDERS: RuntimeName[] = ["node24", "node24", "node24", "deno", "deno", "bun", "bun"];
const MAX = 4;
const LEASE = 1_500;
const HOUR = 3_600_000;

/** Each once; `deno task test:quota` goes on with them at random. */
const FAULTS: Fault[] = [
  "killed",
  "stopped",
  "blocked",
  "cut off",
  "disconnected",
  "the engine restarted",
];

const here = HOLDERS.filter(isHere);
const bin = findPrograms();
const skipped = bin ? "" : " (skipped: no PostgreSQL is installed)";

Deno.test({
  name: `postgresQuota: ${here.length} processes never hold more than ${MAX}, ` +
    `whatever befalls them${skipped}`,
  ignore: skipped !== "",
  // What is at stake is in other processes; bundling leaves a timer behind.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    await using stage = await PostgresStage.of(LEASE, bin!);
    await using run = await Run.of(stage, MAX);
    await Promise.all(
      here.map((runtime, i) => run.start(runtime, { shift: [0, HOUR, -HOUR][i % 3]! })),
    );
    await prove(run, FAULTS);
    const reports = await run.end();
    assertEquals(run.monitor.most, MAX);
    assertEquals(reports.length, here.length);
  },
});

// The proof of quotas for as long as is asked: deno task test:quota --engine postgres --minutes 5

import { parseArgs } from "node:util";
import { findPrograms } from "../servers/own_postgres.ts";
import { isHere, type RuntimeName } from "./conductor.ts";
import { PostgresStage } from "./postgres_stage.ts";
import { type Fault, FAULTS, prove, Run, type Stage } from "./proof.ts";
import { RedisStage } from "./redis_stage.ts";
import { soak } from "./threads_soak.ts";

const HOLDERS: RuntimeName[] = ["node24", "node24", "node24", "deno", "deno", "bun", "bun"];
const HOUR = 3_600_000;
const LEASE = 1_500;

const STAGES: Record<string, () => Promise<Stage & AsyncDisposable>> = {
  redis: () => RedisStage.of(LEASE),
  postgres: () => PostgresStage.of(LEASE, findPrograms()!),
};

const { values } = parseArgs({
  args: Deno.args,
  options: {
    minutes: { type: "string", default: "2" },
    engine: { type: "string", default: "redis" },
    cap: { type: "string", default: "14" },
  },
});
const max = Number(values.cap);
const end = performance.now() + Number(values.minutes) * 60_000;
const open = STAGES[values.engine];
if (open === undefined && values.engine !== "threads") {
  throw new Error(`--engine is one of ${[...Object.keys(STAGES), "threads"]}`);
}

async function main(): Promise<void> {
  await using stage = await open!();
  await using run = await Run.of(stage, max);
  const here = HOLDERS.filter(isHere);
  for (const [i, runtime] of here.entries()) {
    await run.start(runtime, { shift: [0, HOUR, -HOUR][i % 3]! });
  }
  const counts: Record<string, number> = {};
  const all = (Object.keys(FAULTS) as Fault[])
    .filter((fault) => fault !== "flushed" || stage.flush !== undefined);
  while (performance.now() < end) {
    const fault = all[Math.floor(Math.random() * all.length)]!;
    await prove(run, [fault]);
    counts[fault] = (counts[fault] ?? 0) + 1;
  }
  const reports = await run.end();
  console.log(`${here.length} processes, ${run.monitor.most} connections at the most, cap ${max}`);
  console.log(counts);
  console.log(
    Object.fromEntries(reports.map(({ name, uses, killed }) => [name, { uses, killed }])),
  );
}

await (open === undefined ? soak(end) : main());
Deno.exit(); // bundling leaves a timer behind

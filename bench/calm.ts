// Calm: how pools behave in an outage and under overload, as tables, as data and as a picture.

import { dirname } from "node:path";
import { availableParallelism, cpus, loadavg } from "node:os";
import { read } from "../scripts/command_line.ts";
import { run, tail } from "../scripts/process.ts";
import type { Job, Run } from "./calm/job.ts";
import { picture } from "./calm/picture.ts";
import { fromText, type Result, toText } from "./calm/results.ts";
import { PATIENCE, POOLS } from "./calm/settings.ts";
import { tables } from "./calm/table.ts";
import { runtime } from "./runtime.ts";

const HELP = `deno task bench:calm [--quick] [--into DIR] [--draw]

Five pools before, during and after an outage, and under 0.5 to 4 times the load that the server can
take: who is served in time, who waits for how long, and how often the pool connects.

--quick      a few seconds instead of some three minutes, and only one overload; keeps nothing
--into DIR   keeps the figures in DIR/calm.json and the picture in DIR/calm.svg, instead of
             bench/results and docs
--draw       measures nothing, but draws the picture anew from the figures`;

type Plan = Pick<Job, "scene" | "load" | "timeout" | "phases">;

const EARLY = 0.9 * PATIENCE;

/** What all pools do, in this order. */
function plans(quick: boolean): Plan[] {
  const outage = quick
    ? { before: 500, during: 1_000, after: 1_500 }
    : { before: 2_000, during: 5_000, after: 4_000 };
  const overload = quick
    ? { before: 500, during: 1_500, after: 1_000 }
    : { before: 2_000, during: 8_000, after: 4_000 };
  const loads = quick ? [2] : [0.5, 1, 1.5, 2, 4];
  const early = quick ? [] : [1.5, 2, 4];
  return [
    { scene: "outage", load: 1, timeout: PATIENCE, phases: outage },
    ...loads.map((load): Plan => ({
      scene: "overload",
      load,
      timeout: PATIENCE,
      phases: overload,
    })),
    ...early.map((load): Plan => ({ scene: "overload", load, timeout: EARLY, phases: overload })),
  ];
}

/** In a process of its own. */
async function start<R>(wish: object): Promise<R> {
  const job = new URL("./calm/job.ts", import.meta.url).pathname;
  const command = [Deno.execPath(), "run", "-A", "--quiet", job, JSON.stringify(wish)];
  const { code, stdout, output } = await run(command, { limit: 60_000 });
  if (code !== 0) throw new Error(`${JSON.stringify(wish)} has failed:\n${tail(output)}`);
  return JSON.parse(stdout);
}

/**
 * In an outage one pool after the other: some keep a core busy with connecting. Otherwise side by side:
 * none of them does much, and whatever else the machine does hits all alike.
 */
async function* measure(quick: boolean, capacity: number): AsyncGenerator<Run> {
  for (const plan of plans(quick)) {
    const jobs = POOLS.map((pool): Job => ({ ...plan, pool, capacity }));
    if (plan.scene === "outage" && !quick) {
      for (const job of jobs) yield await start<Run>(job);
    } else {
      yield* await Promise.all(jobs.map((job) => start<Run>(job)));
    }
  }
}

async function measured(quick: boolean): Promise<Result> {
  const machine = `${cpus()[0]?.model ?? "?"}, ${availableParallelism()} cores, load ` +
    loadavg()[0]!.toFixed(1);
  const capacity = await start<number>({ capacity: quick ? 500 : 3_000 });
  const runs: Run[] = [];
  for await (const run of measure(quick, capacity)) {
    const { scene, load, timeout, pool } = run;
    console.error(`  ${scene}${scene === "overload" ? ` ${load} ×, ${timeout} ms` : ""}: ${pool}`);
    runs.push(run);
  }
  return { runtime, machine, date: new Date().toISOString(), capacity, runs };
}

/** The gate looks at the form of the files, too. */
async function keep(result: Result, data: string, drawing: string): Promise<void> {
  const shown = result.runs.filter(({ timeout }) => timeout === PATIENCE);
  await Deno.mkdir(dirname(data), { recursive: true });
  await Deno.writeTextFile(data, toText(result));
  await Deno.writeTextFile(drawing, picture(shown));
  await run([Deno.execPath(), "fmt", "--quiet", data, drawing]);
  console.error(`\nwritten to ${data} and ${drawing}`);
}

const { values } = read(Deno.args, {
  quick: { type: "boolean", default: false },
  into: { type: "string" },
  draw: { type: "boolean", default: false },
}, HELP);
const data = `${values.into ?? "bench/results"}/calm.json`;
const drawing = `${values.into ?? "docs"}/calm.svg`;
const result: Result = values.draw
  ? fromText(await Deno.readTextFile(data))
  : await measured(values.quick);
console.log(tables(result));
if (!values.quick || values.into !== undefined) await keep(result, data, drawing);

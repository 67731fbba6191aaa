// One run: commands, then an end at which all that hangs is released, all leases go back and the pool
// is shut down.

import type { Scheduler } from "fast-check";
import process from "node:process";
import type { Command, Pause } from "./commands.ts";
import { checkAtRest } from "./invariants.ts";
import { returnAll } from "./returning.ts";
import type { Script } from "./script.ts";
import type { Setup } from "./setup.ts";
import { Time } from "./time.ts";
import { World } from "./world.ts";

/** Whatever promise reaction follows upon another does so within that many turns. */
const TURNS = 30;

/** After how many ms a pool has looked whether anything moves. */
const LOOK = 2_500;

/** The longest that a refill rests, in ms. */
const REST = 40_000;

const { setImmediate } = globalThis as unknown as { setImmediate(fn: () => void): void };

/** Throws what is wrong first, with all that happened before. */
export async function run(
  setup: Setup,
  script: Script,
  commands: Command[],
  scheduler: Scheduler,
): Promise<void> {
  const time = new Time();
  time.install(); // before there is a pool, which would see that it is another one
  const world = new World(time, setup, script, scheduler);
  const unhandled = (error: unknown) =>
    world.model.expect(false, `a rejection nobody handles: ${error}`);
  const { error: consoleError } = console;
  const { stackTraceLimit } = Error;
  process.on("unhandledRejection", unhandled);
  console.error = () => {};
  Error.stackTraceLimit = 2; // nobody reads the rest
  try {
    for (const command of commands) await runCommand(world, command);
    await end(world, setup);
  } finally {
    // Not before it has been seen what nobody handles, also of a run that has failed.
    await new Promise<void>((resolve) => setImmediate(resolve));
    console.error = consoleError;
    Error.stackTraceLimit = stackTraceLimit;
    time.restore();
    process.off("unhandledRejection", unhandled);
  }
  judge(world);
}

async function runCommand(world: World, { run, text, pause, pass }: Command): Promise<void> {
  if (pass !== undefined) await rest(world);
  if (pass) await passTime(world, pass);
  world.model.note(`- ${text}`);
  run(world);
  await wait(world, pause);
  judge(world);
}

function judge({ model }: World): void {
  if (model.violation === undefined) return;
  throw new Error(`${model.violation}\n${model.trace.slice(-200).join("\n")}`);
}

async function wait(world: World, pause: Pause): Promise<void> {
  if (pause === "rest") return await rest(world);
  for (let i = 0; i < pause; i++) await null;
}

/** Everything happens that waits for no hook, and for no time to pass. */
async function rest(world: World): Promise<void> {
  await calm(world);
  // Others of the same moment, or of no delay: the event loop would come to them, too.
  const { model, time } = world;
  while (time.first <= Math.max(time.fired, model.pausedAt)) {
    next(world, time.awake);
    await calm(world);
  }
  model.overdue();
  checkAtRest(world);
  judge(world);
}

/** Everything happens that waits for no timer and for no hook. */
async function calm({ model: { trace } }: World): Promise<void> {
  for (let before = -1; before !== trace.length;) {
    before = trace.length;
    for (let i = 0; i < TURNS; i++) await null;
  }
}

/** Calls the next timer that is due by `end`; false if there is none. */
function next({ time, model }: World, end: number): boolean {
  return time.next(end, () => {
    model.pausing = false;
    model.overdue();
  });
}

async function passTime(world: World, ms: number): Promise<void> {
  const end = world.time.awake + ms;
  while (next(world, end)) await rest(world);
  await rest(world);
}

// ---- the end

async function end(world: World, { forced }: Setup): Promise<void> {
  const { model, time } = world;
  model.note("- the end");
  await rest(world);
  // Long enough for the pool to look whether anything moves.
  if (model.line.nesting.waiters.length > 0) await passTime(world, LOOK);
  if (forced) {
    world.shutdown(40, false);
    await passTime(world, 440);
  }
  world.hooks.tame = true;
  world.permits?.share(-Infinity);
  await settle(world);
  if (time.lost.size > 0) await passTime(world, 60);
  time.collect();
  await settle(world);
  await recover(world);
  for (const { id } of model.line.pending) model.expect(false, `ask ${id} never settles`);
  judge(world);
  await refill(world);
  world.shutdown(0, false);
  await rest(world);
  time.collect();
  await settle(world);
  checkEmpty(world);
}

/** Every call comes to its end, every lease goes back. */
async function settle(world: World): Promise<void> {
  for (let turns = 0; turns < 1000; turns++) {
    world.hooks.release();
    await rest(world);
    if (world.hooks.scheduled === 0 && world.running.size === 0 && world.leases.length === 0) {
      return;
    }
    world.hooks.step();
    returnAll(world);
    world.giveUpNested();
  }
  world.model.expect(false, "it goes on for ever");
}

/** Who waits in an outage hears how it ends. */
async function recover(world: World): Promise<void> {
  const { time, model } = world;
  const end = time.awake + REST;
  const waits = () => model.line.pending.length > 0 && model.outage.on !== false;
  while (waits() && next(world, end)) await settle(world);
}

/** `minSize` is kept up. */
async function refill(world: World): Promise<void> {
  const { time, model } = world;
  const end = time.awake + REST;
  const isShort = () => model.started && !model.ended && model.live < model.numbers.minSize;
  while (isShort() && next(world, end)) await settle(world);
  model.expect(!isShort(), "minSize is not kept up");
}

function checkEmpty({ model, permits, time, awaited }: World): void {
  const left = permits?.client === undefined ? 0 : 1;
  model.expect((permits?.disposed ?? 0) === left, `its quota is left ${permits?.disposed} times`);
  for (const { what } of awaited) model.expect(false, `${what} never settles`);
  for (const { state, thing, n } of model.jobs) {
    const past = ["gone", "detached", "failed"].includes(state) || state === "abandoned" && !thing;
    model.expect(past, `object ${n} is ${state} at the end`);
  }
  const { set } = time.timers;
  model.expect(set === 0, `${set} timers are left`);
  model.expect(time.watched === 0, `${time.watched} leases are still watched`);
}

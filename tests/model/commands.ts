// What can happen to a pool, a command each, and how they are drawn.

import * as fc from "fast-check";
import { isKnown, REENTRY, TIMERLESS } from "./known.ts";
import { type Action, type Outcome, type Script, SCRIPTED } from "./script.ts";
import { type Asking, type Held, isReturning, type World } from "./world.ts";

/** How many turns of the microtask queue come after a command; `rest`: all there are. */
export type Pause = "rest" | number;

/** Something done to the world, and the time it is given. */
export class Command implements Action {
  constructor(
    readonly text: string,
    readonly run: (world: World) => void,
    readonly pause: Pause = "rest",
    /** How many ms pass beforehand, timers and all; undefined: it follows upon the last one at once. */
    readonly pass?: number,
  ) {}

  [fc.toStringMethod](): string {
    return this.pause === "rest" ? this.text : `${this.text} +${this.pause}`;
  }
}

type Call = Action;

function pick<V>(all: readonly V[], i: number): V | undefined {
  return all[i % Math.max(1, all.length)];
}

const index = fc.nat({ max: 4 });
const asking: fc.Arbitrary<Asking> = fc.record({
  timeout: fc.constantFrom<(number | undefined)[]>(undefined, undefined, 0, 25, 100),
  signal: fc.constantFrom("none", "own", "shared"),
});

function shown({ timeout, signal }: Asking): string {
  const parts = [timeout, signal === "none" ? undefined : `${signal} signal`];
  return parts.filter((part) => part !== undefined).join(", ");
}

const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  ...["ok", "throw", "later", "later", "fail later", "hang", "bad"] as const,
);

const get: fc.Arbitrary<Call> = asking.map((asking) => ({
  text: `get(${shown(asking)})`,
  run: (world) => world.get(asking),
}));

const use: fc.Arbitrary<Call> = fc.record({ asking, outcome, watches: fc.boolean() })
  .map(({ asking, outcome, watches }) => ({
    text: `use(${outcome}${watches ? " watching" : ""} ${shown(asking)})`.replace(" )", ")"),
    run: (world) => world.use(asking, watches, outcome),
  }));

const ways = ["ret", "asyncDispose", "dispose"] as const;

const ret: fc.Arbitrary<Call> = fc.record({ index, way: fc.constantFrom(...ways) })
  .map(({ index, way }) => ({
    text: `${way}(${index})`,
    run: (world) => {
      const held = pick(world.leases, index);
      if (held) giveBack(world, held, way);
    },
  }));

function giveBack(world: World, { lease, job }: Held, way: typeof ways[number] = "ret"): void {
  world.model.giveBack(job);
  if (way === "dispose") return lease[Symbol.dispose]();
  const returned = way === "ret" ? world.pool.ret(lease) : lease[Symbol.asyncDispose]();
  const { call, user } = job;
  const holds = () => call?.hook === "retter" && !call.over;
  const notBefore = () => job.user !== user || !isReturning(job);
  world.await(`${way} of ${job.thing}`, returned, holds, { notBefore });
}

const discard: fc.Arbitrary<Call> = index.map((index) => ({
  text: `discard(${index})`,
  run: (world) => {
    const held = pick(world.leases, index);
    if (!held) return;
    const { lease, job } = held;
    world.model.giveBack(job, "discarded");
    const discarded = world.pool.discard(lease, "no longer wanted");
    world.await(`discard of ${job.thing}`, discarded, () => job.state === "closing");
  },
}));

const detach: fc.Arbitrary<Call> = index.map((index) => ({
  text: `detach(${index})`,
  run: (world) => {
    const held = pick(world.leases, index);
    if (!held) return;
    world.model.detach(held.job);
    const object = world.pool.detach(held.lease);
    world.model.expect(object === held.job.thing, "detach gives another object");
  },
}));

const again: fc.Arbitrary<Call> = index.map((index) => ({
  text: `again(${index})`,
  run: (world) => {
    const dead = world.held.filter((held) => !world.leases.includes(held) && !held.job.lost);
    const held = pick(dead, index);
    if (!held) return;
    world.model.counted.doubleReturns++;
    world.await("a second ret", world.pool.ret(held.lease), () => false);
  },
}));

const abort: fc.Arbitrary<Call> = index.map((index) => ({
  text: `abort(${index})`,
  run: (world) => world.abort(index),
}));

const ready: fc.Arbitrary<Call> = fc.constant({
  text: "ready()",
  run: (world) => world.ready(),
});

const bounds = fc.record({
  minSize: fc.option(fc.nat({ max: 2 }), { nil: undefined }),
  maxSize: fc.option(fc.constantFrom(1, 2, 3, 0), { nil: undefined }),
});

const resize: fc.Arbitrary<Call> = bounds.map((options) => ({
  text: `resize(${JSON.stringify(options)})`,
  run: (world) => world.resize(options),
}));

const reset: fc.Arbitrary<Call> = fc.constant({
  text: "reset()",
  run: ({ model, pool }) => {
    model.reset();
    pool.reset();
  },
});

const shutdown: fc.Arbitrary<Call> = fc.constantFrom(0, 40, 200).map((timeout) => ({
  text: `shutdown(${timeout || ""})`,
  run: (world) => world.shutdown(timeout),
}));

const lose: fc.Arbitrary<Call> = index.map((index) => ({
  text: `lose(${index})`,
  run: (world) => {
    const held = pick(world.leases, index);
    if (!held) return;
    held.job.lost = true;
    world.time.lost.add(held.lease);
  },
}));

const collect: Call = { text: "collect", run: ({ time }) => time.collect() };
const step: Call = { text: "step", run: ({ hooks }) => hooks.step() };
const tryGet: Call = { text: "tryGet()", run: (world) => world.tryGet() };

const jump: fc.Arbitrary<Command> = fc.tuple(
  fc.constantFrom("freeze" as const, "sleep" as const, "setBack" as const),
  fc.constantFrom(5_000, 3_600_000),
).map(([how, ms]) => new Command(`${how}(${ms})`, (world) => world.jump(how, ms), "rest", 0));

const look: Call = {
  text: "look",
  run: ({ pool }) => void String(pool),
};

/** What anybody may do, a hook too. */
const calls: fc.WeightedArbitrary<Call>[] = [
  { weight: 10, arbitrary: get },
  { weight: 5, arbitrary: use },
  { weight: 2, arbitrary: fc.constant(tryGet) },
  { weight: 8, arbitrary: ret },
  { weight: 2, arbitrary: discard },
  { weight: 1, arbitrary: detach },
  { weight: 1, arbitrary: again },
  { weight: 4, arbitrary: abort },
  { weight: 1, arbitrary: ready },
  { weight: 1, arbitrary: resize },
  { weight: 1, arbitrary: reset },
  { weight: 1, arbitrary: shutdown },
  { weight: isKnown(TIMERLESS) ? 0 : 1, arbitrary: lose },
  { weight: 1, arbitrary: fc.constant(look) },
];

const call: fc.Arbitrary<Call> = fc.oneof(
  ...calls,
  { weight: 12, arbitrary: fc.constant(step) },
  { weight: 1, arbitrary: fc.constant(collect) },
);

const pause: fc.Arbitrary<Pause> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Pause>("rest") },
  { weight: 2, arbitrary: fc.nat({ max: 8 }) },
);

const passing: fc.Arbitrary<Command> = fc.constantFrom(10, 30, 50, 100, 400, 1_500)
  .map((ms) => new Command(`pass(${ms})`, () => {}, "rest", ms));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 32,
    arbitrary: fc.tuple(call, pause).map(([{ text, run }, pause]) => new Command(text, run, pause)),
  },
  { weight: 4, arbitrary: passing },
  { weight: 1, arbitrary: jump },
);

export const commands: fc.Arbitrary<Command[]> = fc.array(command, { maxLength: 40, size: "max" });

/** What a hook may do, besides failing: call the pool. */
const within: fc.Arbitrary<Outcome> = fc.oneof(...calls).map(({ text, run }) =>
  new Command(text, run, 0)
);

const scripted: fc.Arbitrary<Outcome[]> = fc.array(
  fc.oneof({ weight: 8, arbitrary: outcome }, {
    weight: isKnown(REENTRY) ? 0 : 1,
    arbitrary: within,
  }),
  { maxLength: 8, size: "max" },
);

/** Most runs leave most of the hooks alone. */
const sometimes = fc.oneof(fc.constant<Outcome[]>([]), scripted);

export const scripts: fc.Arbitrary<Script> = fc.record(
  Object.fromEntries(SCRIPTED.map((name) => [name, sometimes])) as Record<
    keyof Script,
    typeof sometimes
  >,
);

/** All leases go back. */
export function returnAll(world: World): void {
  for (const held of world.leases) giveBack(world, held);
}

// What can happen to a pool, a command each, and how they are drawn.

import * as fc from "fast-check";
import type { End } from "./job.ts";
import { isKnown, REENTRY, TIMERLESS } from "./known.ts";
import { endAgain, ENDINGS, endLoan, giveBack, WAYS } from "./returning.ts";
import { type Action, type Outcome, type Script, SCRIPTED } from "./script.ts";
import type { Asking, Nested, Watch, World } from "./world.ts";

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
  timeout: fc.oneof(
    {
      weight: 15,
      arbitrary: fc.constantFrom<(number | undefined)[]>(undefined, undefined, 0, 25, 100),
    },
    { weight: 1, arbitrary: fc.constant(30_000) },
  ),
  signal: fc.constantFrom("none", "own", "shared"),
  priority: fc.constantFrom<(number | undefined)[]>(undefined, undefined, undefined, 0, 1, -2, 7),
  labelled: fc.boolean(),
});

function shown({ timeout, signal, priority, labelled }: Asking): string {
  const parts = [
    timeout,
    signal === "none" ? undefined : `${signal} signal`,
    priority === undefined ? undefined : `priority ${priority}`,
    labelled ? "label" : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}

const outcome: fc.Arbitrary<Outcome> = fc.constantFrom<Outcome[]>(
  ...["ok", "throw", "later", "later", "fail later", "hang", "bad"] as const,
);

const get: fc.Arbitrary<Call> = asking.map((asking) => ({
  text: `get(${shown(asking)})`,
  run: (world) => void world.get(asking),
}));

const borrow: fc.Arbitrary<Call> = asking.map((asking) => ({
  text: `borrow(${shown(asking)})`,
  run: (world) => void world.borrow(asking),
}));

/** Several ask at once, all the same. */
const crowd: fc.Arbitrary<Call> = fc.record({ size: fc.integer({ min: 2, max: 4 }), asking }).map(
  ({ size, asking }) => ({
    text: `${size} * get(${shown(asking)})`,
    run: (world) => {
      for (let i = 0; i < size; i++) void world.get(asking);
    },
  }),
);

const watch: fc.Arbitrary<Watch> = fc.constantFrom("never" as const, "early", "late");

/** Somebody asks within a callback of `use`; who waits there for an answer can be made to give up. */
const nested: fc.Arbitrary<Nested> = fc.record({
  asking,
  kind: fc.constantFrom("get", "borrow", "use"),
  outcome,
  awaited: fc.boolean(),
  later: fc.boolean(),
  times: fc.constantFrom(1, 1, 2),
}).map(({ asking, kind, outcome, awaited, later, times }) => {
  const own: Asking = { ...asking, signal: "own" };
  const inner = kind === "use" ? `use(${outcome} ${shown(own)})` : `${kind}(${shown(own)})`;
  return {
    text: `${later ? "later " : ""}${awaited ? "await " : ""}${times > 1 ? "2 * " : ""}${inner}`,
    nested: (world: World) => {
      if (kind === "use") return world.use(own, "never", outcome);
      return kind === "get" ? world.get(own) : world.borrow(own);
    },
    awaited,
    later,
    times,
  };
});

const work: fc.Arbitrary<Outcome | Nested> = fc.oneof({ weight: 4, arbitrary: outcome }, {
  weight: 3,
  arbitrary: nested,
});

const use: fc.Arbitrary<Call> = fc.record({ asking, outcome: work, watch })
  .map(({ asking, outcome, watch }) => ({
    text: `use(${typeof outcome === "object" ? outcome.text : outcome}${
      watch === "never" ? "" : ` watching ${watch}`
    } ${shown(asking)})`
      .replace(" )", ")"),
    run: (world) => void world.use(asking, watch, outcome),
  }));

const ret: fc.Arbitrary<Call> = fc.record({ index, way: fc.constantFrom(...WAYS) })
  .map(({ index, way }) => ({
    text: `${way}(${index})`,
    run: (world) => {
      const held = pick(world.leases, index);
      if (held) giveBack(world, held, way);
    },
  }));

const discard: fc.Arbitrary<Call> = index.map((index) => ({
  text: `discard(${index})`,
  run: (world) => {
    const held = pick(world.leases, index);
    if (!held) return;
    const { job, lease, loan, use } = held;
    world.model.giveBack(job, use, true);
    held.end = "discarded";
    const why = "no longer wanted";
    const discarded = lease ? world.pool.discard(lease, why) : loan!.discard(why);
    const isClosing = () => job.state === "closing";
    const notBefore = () => !isClosing() && job.state !== "free";
    void world.await(`discard of ${job.thing}`, discarded, isClosing, { notBefore });
  },
}));

const detach: fc.Arbitrary<Call> = index.map((index) => ({
  text: `detach(${index})`,
  run: (world) => {
    const held = pick(world.leases, index);
    if (!held) return;
    const { job, lease, loan } = held;
    world.model.detach(job);
    held.end = "detached";
    const object = lease ? world.pool.detach(lease) : loan!.detach();
    world.model.expect(object === job.thing, "detach gives another object");
  },
}));

/** A loan that has ended is ended again. */
const again: fc.Arbitrary<Call> = fc.record({ index, way: fc.constantFrom(...ENDINGS) })
  .map(({ index, way }) => ({
    text: `${way} again(${index})`,
    run: (world) => {
      const held = pick(world.dead, index);
      if (held) endAgain(world, held, way);
    },
  }));

/** By the object alone; not what a callback of `use` has. */
const byObject: fc.Arbitrary<Call> = fc.record({
  index,
  end: fc.constantFrom<End[]>("returned", "returned", "discarded", "detached"),
}).map(({ index, end }) => ({
  text: `loanOf(${index}) ${end}`,
  run: (world) => {
    const lent = world.model.jobs.filter(({ lost, state, user }) =>
      state === "lent" && !lost && user?.kind !== "use"
    );
    const job = pick(lent.filter((job) => world.isKnown(job)), index);
    if (!job) return;
    const loan = world.pool.loanOf(job.thing!);
    world.model.expect(loan?.object === job.thing, `loanOf ${job.thing} is none of it`);
    if (loan) endLoan(world, job, loan, end);
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

const reset: fc.Arbitrary<Call> = fc.constantFrom(0, 0, 30, 90).map((spread) => ({
  text: `reset(${spread || ""})`,
  run: (world) => world.reset(spread),
}));

const hows = ["by fun", "by lease", "by object"] as const;

const invalidate: fc.Arbitrary<Call> = fc.record({
  index: fc.nat({ max: 9 }),
  how: fc.constantFrom(...hows),
}).map(({ index, how }) => ({
  text: `invalidate(${index} ${how})`,
  run: (world) => world.invalidate(index, how),
}));

const shutdown: fc.Arbitrary<Call> = fc.record({
  timeout: fc.constantFrom(0, 40, 200),
  drain: fc.boolean(),
}).map(({ timeout, drain }) => ({
  text: `shutdown(${timeout || ""}${drain ? " drain" : ""})`,
  run: (world) => world.shutdown(timeout, drain),
}));

const lose: fc.Arbitrary<Call> = index.map((index) => ({
  text: `lose(${index})`,
  run: (world) => world.lose(index),
}));

/** Somebody begins to observe, and ends that at once: nothing is to change. */
const glance: Call = {
  text: "observe",
  run: ({ pool }) => pool.observe({ lent: () => {} })[Symbol.dispose](),
};

const sweep: Call = { text: "sweep", run: ({ time }) => time.sweep() };
const collect: Call = { text: "collect", run: ({ time }) => time.collect() };
const step: Call = { text: "step", run: ({ hooks }) => hooks.step() };
const tryGet: Call = { text: "tryGet()", run: (world) => world.tryGet() };

const jump: fc.Arbitrary<Command> = fc.tuple(
  fc.constantFrom("freeze" as const, "sleep" as const, "setBack" as const),
  fc.constantFrom(5_000, 3_600_000),
).map(([how, ms]) => new Command(`${how}(${ms})`, (world) => world.jump(how, ms), "rest", 0));

/** What a quota may do. */
const limiting: fc.Arbitrary<Command> = fc.oneof(
  index.map((index) =>
    new Command(`lose permit(${index})`, (world) => world.permits?.lose(index), "rest", 0)
  ),
  fc.nat({ max: 9 }).map((others) =>
    new Command(`others(${others})`, (world) => world.permits?.share(others), "rest", 0)
  ),
  fc.constant(new Command("reclaim()", (world) => world.permits?.reclaim(), "rest", 0)),
);

const look: Call = {
  text: "look",
  run: ({ pool }) => void String(pool),
};

/** What anybody may do, a hook too. */
const calls: fc.WeightedArbitrary<Call>[] = [
  { weight: 8, arbitrary: get },
  { weight: 4, arbitrary: borrow },
  { weight: 2, arbitrary: crowd },
  { weight: 7, arbitrary: use },
  { weight: 2, arbitrary: fc.constant(tryGet) },
  { weight: 8, arbitrary: ret },
  { weight: 2, arbitrary: discard },
  { weight: 1, arbitrary: detach },
  { weight: 1, arbitrary: again },
  { weight: 2, arbitrary: byObject },
  { weight: 2, arbitrary: invalidate },
  { weight: 1, arbitrary: fc.constant(glance) },
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
  { weight: 1, arbitrary: fc.constant(sweep) },
);

const pause: fc.Arbitrary<Pause> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Pause>("rest") },
  { weight: 2, arbitrary: fc.nat({ max: 8 }) },
);

const passing: fc.Arbitrary<Command> = fc.constantFrom(
  10,
  10,
  30,
  30,
  50,
  50,
  100,
  400,
  1_500,
  400,
  12_000,
)
  .map((ms) => new Command(`pass(${ms})`, () => {}, "rest", ms));

const command: fc.Arbitrary<Command> = fc.oneof(
  {
    weight: 32,
    arbitrary: fc.tuple(call, pause).map(([{ text, run }, pause]) => new Command(text, run, pause)),
  },
  { weight: 4, arbitrary: passing },
  { weight: 1, arbitrary: jump },
  { weight: 3, arbitrary: limiting },
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

/** A `fun` that makes its own objects obsolete, several in a row. */
const resetting: fc.Arbitrary<Outcome[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: reset.map(({ text, run }): Outcome => new Command(text, run, 0)) },
    { weight: 1, arbitrary: outcome },
  ),
  { maxLength: 8, size: "max" },
);

export const scripts: fc.Arbitrary<Script> = fc.record({
  ...Object.fromEntries(SCRIPTED.map((name) => [name, sometimes])) as Record<
    keyof Script,
    typeof sometimes
  >,
  fun: fc.oneof({ weight: 12, arbitrary: sometimes }, { weight: 1, arbitrary: resetting }),
});

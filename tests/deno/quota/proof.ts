// Proof: real processes under one quota, with all that befalls them, and a monitor that counts.

import { assertEquals } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { soon } from "../servers/soon.ts";
import { type Holder, type Program, Programs, type RuntimeName } from "./conductor.ts";
import { Gate } from "./gate.ts";
import type { HolderConfig, HolderReport } from "./holder.ts";
import { Monitor } from "./monitor.ts";

/** An engine under test. */
export interface Stage {
  program: Program;
  port: number;
  /** How long its leases are, in ms; for an engine without leases, how soon it misses a holder. */
  lease: number;
  /** Who is stopped or blocked keeps its places, and may use them when it goes on. */
  keeps?: boolean;
  /** How many places are taken, as the engine itself has it. */
  places(key: string): Promise<number>;
  /** Ends it as a crash does, and starts it. */
  restart?(): Promise<void>;
  /** It forgets all it knew. */
  flush?(): Promise<void>;
}

/** What a holder does while nothing befalls it; small, for the machine to be busy with many of them. */
const LOAD = { tasks: 3, hold: 10, rest: 5, maxSize: 3 };

/** How long it may take until all is as it should be again, in leases, and in ms besides. */
const PATIENCE = { leases: 4, ms: 10_000 };

/** Holders under one quota, each behind a gate of its own. */
export class Run implements AsyncDisposable {
  readonly stage: Stage;
  readonly monitor: Monitor;
  readonly max: number;
  readonly key: string = `proof-${crypto.randomUUID()}`;
  readonly holders: Holder[] = [];
  readonly #gates = new Map<Holder, Gate>();
  readonly #programs: Programs;
  #count = 0;

  static async of(stage: Stage, max: number): Promise<Run> {
    return new Run(stage, max, await Monitor.listen());
  }

  private constructor(stage: Stage, max: number, monitor: Monitor) {
    this.stage = stage;
    this.max = max;
    this.monitor = monitor;
    this.#programs = new Programs(stage.program);
  }

  /** Adds one. */
  async start(runtime: RuntimeName, load: Partial<HolderConfig> = {}): Promise<Holder> {
    const name = `${runtime}#${this.#count++}`;
    const gate = await Gate.to(this.stage.port);
    const where = { monitor: this.monitor.port, engine: gate.port };
    const { max, key, stage: { lease } } = this;
    const config = { ...LOAD, name, max, key, lease, ...where, ...load };
    const holder = await this.#programs.start(runtime, config);
    this.holders.push(holder);
    this.#gates.set(holder, gate);
    return holder;
  }

  gateOf(holder: Holder): Gate {
    return this.#gates.get(holder)!;
  }

  /** One of those that have connections, by chance. */
  get busy(): Holder {
    const busy = this.holders.filter(({ name }) => this.monitor.of(name) > 0);
    const some = busy.length > 0 ? busy : this.holders;
    return some[Math.floor(Math.random() * some.length)]!;
  }

  /** Kills it, and starts another like it. */
  async replace(holder: Holder): Promise<void> {
    await holder.kill();
    this.holders.splice(this.holders.indexOf(holder), 1);
    await this.start(holder.runtime, { shift: holder.config.shift ?? 0 });
  }

  /** Its connections count no longer from half a lease on: it is not to use them again. */
  async excuse(holder: Holder): Promise<void> {
    await sleep(this.stage.lease / 2);
    if (!this.stage.keeps) this.monitor.excuse(holder.name);
  }

  /** Resolves once each holder gets on. `after`: what has happened to them, for the message. */
  async allGoOn(after: string): Promise<void> {
    const before = new Map(this.monitor.uses);
    const stuck = () =>
      this.holders.filter(({ name }) =>
        (this.monitor.uses.get(name) ?? 0) <= (before.get(name) ?? 0)
      );
    const fault = () =>
      `stuck after ${after}: ${stuck().map(({ name }) => `${name} of ${this.monitor.of(name)}`)}`;
    await soon(() => stuck().length === 0, fault, this.#patience);
  }

  /** Ends all of them, and checks what they leave behind. */
  async end(): Promise<HolderReport[]> {
    const reports = await Promise.all(this.holders.map((holder) => holder.end()));
    const { monitor, stage, key } = this;
    assertEquals(monitor.faults, []);
    assertEquals([monitor.live, monitor.excused], [0, 0], "connections are left");
    const fault = () => "places are left";
    await soon(async () => await stage.places(key) === 0, fault, this.#patience);
    return reports;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const holder of this.holders) await holder[Symbol.asyncDispose]();
    for (const gate of this.#gates.values()) await gate[Symbol.asyncDispose]();
    await this.monitor[Symbol.asyncDispose]();
    await this.#programs[Symbol.asyncDispose]();
  }

  get #patience(): number {
    return PATIENCE.leases * this.stage.lease + PATIENCE.ms;
  }
}

/** What may befall holders and their engine. Each resolves when it is over. */
export const FAULTS = {
  async killed(run: Run): Promise<void> {
    await run.replace(run.busy);
  },
  async stopped(run: Run): Promise<void> {
    const holder = run.busy;
    holder.stop();
    await run.excuse(holder);
    await sleep(1.5 * run.stage.lease);
    holder.goOn();
  },
  async "stopped for less than its lease"(run: Run): Promise<void> {
    const holder = run.busy;
    holder.stop();
    await sleep(run.stage.lease / 3);
    holder.goOn();
  },
  async blocked(run: Run): Promise<void> {
    const holder = run.busy;
    await holder.block(2 * run.stage.lease);
    await run.excuse(holder);
    await sleep(1.5 * run.stage.lease);
  },
  async "cut off"(run: Run): Promise<void> {
    const gate = run.gateOf(run.busy);
    gate.shut();
    await sleep(2 * run.stage.lease);
    gate.open();
  },
  async disconnected(run: Run): Promise<void> {
    run.gateOf(run.busy).reset();
    await sleep(run.stage.lease / 2);
  },
  async "the engine restarted"(run: Run): Promise<void> {
    await run.stage.restart?.();
  },
  async flushed(run: Run): Promise<void> {
    await run.stage.flush?.();
  },
} satisfies Record<string, (run: Run) => Promise<void>>;

export type Fault = keyof typeof FAULTS;

/** The most connections at once, after each of these faults in turn. */
export async function prove(run: Run, faults: readonly Fault[]): Promise<void> {
  await run.allGoOn("the start");
  for (const fault of faults) {
    await FAULTS[fault](run);
    await run.allGoOn(fault);
    const { most } = run.monitor;
    if (most > run.max) throw new Error(`${most} connections at once: ${fault}`);
  }
}

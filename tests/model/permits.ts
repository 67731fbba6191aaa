// The quota of a run, where it has one: gives permits one by one, loses some, and sees that each goes back
// once.

import type { Permit, Quota, QuotaClient, QuotaMember } from "../../quota/mod.ts";
import type { Job } from "./job.ts";
import type { Model } from "./model.ts";

/** One that was given. */
interface Given extends Permit {
  readonly losing: AbortController;
  released: boolean;
}

interface Waiting {
  readonly signal: AbortSignal;
  readonly give: (permit: Permit) => void;
}

export class Permits implements Quota {
  client: QuotaClient | undefined;
  disposed = 0;
  readonly #model: Model;
  readonly #max: number;
  /** How many places others have. */
  #others = 0;
  readonly #waiting: Waiting[] = [];
  /** Those that are out, and which of them no attempt has yet, in the order in which they were given. */
  readonly #out = new Set<Given>();
  #ready: Given[] = [];
  readonly #jobs = new Map<Job, Given>();

  constructor(model: Model, max: number) {
    this.#model = model;
    this.#max = max;
  }

  attach(client: QuotaClient): QuotaMember {
    this.#model.expect(this.client === undefined, "the pool attaches a second time");
    this.client = client;
    return {
      acquire: ({ signal }) => this.#acquire(signal),
      [Symbol.asyncDispose]: () => {
        this.disposed++;
        // One that is on its way, and was not needed any more, goes back when it has come.
        const kept = this.#out.size - this.#ready.length;
        this.#model.expect(kept === 0, `${kept} permits are not released`);
        return Promise.resolve();
      },
    };
  }

  /** How many the pool has, and waits for. */
  get out(): number {
    return this.#out.size;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  #acquire(signal: AbortSignal): Promise<Permit> {
    this.#model.expect(!this.#model.closed, "a permit is asked for after shutdown");
    return new Promise((give, refuse) => {
      const waiting = { give, signal };
      this.#waiting.push(waiting);
      signal.addEventListener("abort", () => {
        const i = this.#waiting.indexOf(waiting);
        if (i >= 0) this.#waiting.splice(i, 1);
        refuse(signal.reason);
      });
      this.#give();
    });
  }

  #give(): void {
    while (this.#waiting.length > 0 && this.#out.size + this.#others < this.#max) {
      const permit = this.#permit();
      this.#waiting.shift()!.give(permit);
    }
  }

  #permit(): Given {
    const losing = new AbortController();
    const permit: Given = {
      losing,
      lost: losing.signal,
      released: false,
      release: () => this.#release(permit),
    };
    this.#out.add(permit);
    this.#ready.push(permit);
    return permit;
  }

  #release(permit: Given): void {
    this.#model.note("a permit is released");
    this.#model.expect(!permit.released, "a permit is released a second time");
    permit.released = true;
    this.#out.delete(permit);
    this.#ready = this.#ready.filter((one) => one !== permit);
    this.#model.due = "no";
    this.#give();
  }

  /** An attempt begins, by the permit that came first. */
  use(job: Job): void {
    const permit = this.#ready.shift();
    this.#model.expect(permit, `fun(${job.n}) is called without a permit`);
    if (permit) this.#jobs.set(job, permit);
  }

  /** So many places are others' from now on. */
  share(others: number): void {
    this.#others = others;
    this.#give();
  }

  /** One that an object or an attempt has is lost. */
  lose(i: number): void {
    const jobs = [...this.#jobs].filter(([, { losing, released }]) =>
      !released && !losing.signal.aborted
    );
    const [job, permit] = jobs[i % Math.max(1, jobs.length)] ?? [];
    if (job === undefined) return;
    this.#model.lose(job);
    permit!.losing.abort();
  }

  /** Somebody else waits for a permit. */
  reclaim(): void {
    const { client } = this;
    const model = this.#model;
    if (client === undefined || model.ended) return;
    const { live, numbers: { minSize } } = model;
    const free = model.count("free");
    const closed = model.jobs.filter(({ told }) => told?.reason === "reclaimed").length;
    const before = model.due;
    model.due = "now";
    const gave = client.reclaim();
    // What it owes since it was asked before, it owes on.
    const after = live + model.creating <= minSize ? before : "next";
    model.due = gave ? "no" : after;
    const now = model.jobs.filter(({ told }) => told?.reason === "reclaimed").length;
    model.reclaimed = true;
    model.expect(now === closed + (gave ? 1 : 0), `reclaim() is ${gave}, and ${now - closed} go`);
    model.expect(!gave || free > 0 && live > minSize, "reclaim() closes what minSize keeps");
  }

  /** Everything is at rest: each permit is that of an object or an attempt, or at hand. */
  check(requesting: number): void {
    const model = this.#model;
    const { closing, creating, live } = model;
    const there = live + creating + closing;
    const ready = this.#ready.length;
    const { out, waiting } = this;
    model.expect(out === there + ready, `${out} permits are out, for ${there} + ${ready}`);
    model.expect(requesting === waiting + ready, `requesting is not ${waiting} + ${ready}`);
    // What a hook looks at may come to nothing: then the permit is needed after all.
    const most = model.neededAtMost;
    const needed = requesting === 0 || requesting + creating <= most;
    model.expect(needed, `${requesting} are asked for, and ${creating} made, for ${most}`);
    const full = out + this.#others >= this.#max;
    model.expect(waiting === 0 || full, `${waiting} wait, and there are permits`);
    for (const [job, { losing, released }] of this.#jobs) {
      const gone = released || !losing.signal.aborted || job.state === "closing";
      model.expect(gone, `object ${job.n} is ${job.state}, and its permit is lost`);
    }
  }
}

// How loans come to their end by those who have them: once, and again.

import { LeaseError, type Loan } from "../../mod.ts";
import type { End, Job, Thing } from "./job.ts";
import type { Held, World } from "./world.ts";

export const WAYS = ["ret", "asyncDispose", "dispose"] as const;

export const ENDINGS = [...WAYS, "discard", "detach"] as const;

/** A borrower is done. */
export function giveBack(world: World, held: Held, way: typeof WAYS[number] = "ret"): void {
  const { job, lease, loan, use } = held;
  world.model.giveBack(job, use);
  held.end = "returned";
  const one = lease ?? loan!;
  if (way === "dispose") return one[Symbol.dispose]();
  const release = () => lease ? world.pool.ret(lease) : loan!.release();
  const returned = way === "ret" ? release() : one[Symbol.asyncDispose]();
  awaitReturn(world, way, job, use, returned);
}

/** It resolves once `retter` is done. */
function awaitReturn(
  world: World,
  way: string,
  job: Job,
  use: number,
  returned: PromiseLike<void>,
): void {
  const isBack = () => job.uses === use && job.state === "back";
  const isReturning = () => job.state === "returning" && job.call!.back && job.uses === use;
  const holds = () => job.call?.hook === "retter" && !job.call.over;
  const notBefore = () => !isBack() && !isReturning();
  void world.await(`${way} of ${job.thing}`, returned, holds, { notBefore });
}

/** A loan that has ended is ended again. */
export function endAgain(world: World, held: Held, way: typeof ENDINGS[number]): void {
  const { model, pool } = world;
  const { lease, loan } = held;
  const one = lease ?? loan!;
  if (way === "detach") {
    let error: unknown;
    try {
      lease ? pool.detach(lease) : loan!.detach();
    } catch (failure) {
      error = failure;
    }
    return model.expect(error instanceof LeaseError, `detach of a dead loan: ${error}`);
  }
  // Whoever has ended it otherwise, or had it taken away, may dispose of it all the same.
  const silent = way === "dispose" || way === "asyncDispose";
  if (!silent || held.end === "returned") model.counted.doubleReturns++;
  if (way === "dispose") return one[Symbol.dispose]();
  const ended = {
    ret: () => lease ? pool.ret(lease) : loan!.release(),
    discard: () => lease ? pool.discard(lease) : loan!.discard(),
    asyncDispose: () => one[Symbol.asyncDispose](),
  };
  void world.await(`a second ${way}`, ended[way](), () => false);
}

/** A loan is ended by whoever has got at it through its object. */
export function endLoan(world: World, job: Job, loan: Loan<Thing>, end: End): void {
  const { model } = world;
  const { uses } = job;
  const held = world.held.find((held) => held.job === job && held.use === uses);
  if (held) held.end = end;
  if (end === "detached") {
    model.detach(job);
    return void loan.detach();
  }
  model.giveBack(job, uses, end === "discarded");
  if (end === "returned") return awaitReturn(world, "release", job, uses, loan.release());
  void world.await(`discard of ${job.thing}`, loan.discard(), () => job.state === "closing");
}

/** All leases go back. */
export function returnAll(world: World): void {
  for (const held of world.leases) giveBack(world, held);
}

// The buffer of threadQuota, as a thread leaves it that ends in the middle of a step.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type QuotaClient, threadQuota, threadQuotaBuffer } from "../quota/threads.ts";
import { type Seat, Table } from "../quota/threads/table.ts";
import { NotHere } from "./helpers/not_here.ts";
import { sleep, until } from "./helpers/until.ts";

const onWorkers = globalThis.navigator?.userAgent === "Cloudflare-Workers";

/** Where the state of the first slot is, and by what its signs of life are counted. */
const STATE = 8;
const STATES = 128;

const IDLE: QuotaClient = { available: 0, reclaim: () => false };
const never = new AbortController().signal;

/** A member of another thread, which has the one place, and one of this thread, which waits for it. */
async function scene() {
  if (onWorkers) throw new NotHere("Workers have no threads");
  const buffer = threadQuotaBuffer(1);
  const table = new Table(1, buffer);
  const seat = table.join()!;
  table.want(seat, 1, true);
  assertEquals(table.give(table.look().place!, seat), true);
  const quota = threadQuota({ max: 1, buffer });
  const member = quota.attach(IDLE);
  const waits = member.acquire({ signal: never });
  await sleep(20);
  assertEquals([quota.used, quota.waiting], [1, 1]);
  const served = async () => {
    (await waits).release();
    assertEquals(quota.used, 0);
    await member[Symbol.asyncDispose]();
  };
  return { buffer, table, seat, served };
}

describe("a thread that ends", () => {
  it("after it has freed a place, and before it gives it to somebody, holds up nobody", async () => {
    const { table, seat, served } = await scene();
    table.wantLess(seat, 0);
    table.free(0, seat);
    await served();
    table.leave(seat);
  });

  it("and was found out, before its places were given to others, holds up nobody", async () => {
    const { table, seat, served } = await scene();
    table.remove(seat);
    await served();
  });

  it("and is given a place after that, holds it from nobody", async () => {
    const { table, seat, served } = await scene();
    table.remove(seat);
    await served();
    assertEquals(table.give({ place: 0, was: 0 }, seat), true);
    assertEquals(table.look().free, 1);
    const next: Seat = table.join()!;
    assertEquals([next.slot === seat.slot, next.id === seat.id], [true, false]);
    assertEquals([table.look().free, table.placesOf(next)], [1, []]);
    table.leave(next);
  });
});

describe("a thread that lives", () => {
  it("says so each time it is asked", async () => {
    const { buffer, table, served, seat } = await scene();
    const words = new Int32Array(buffer);
    const signs = () => Atomics.load(words, STATE) % STATES;
    const before = signs();
    for (let i = 0; i < 200; i++) {
      assertEquals(table.ended(0), []);
      if (i % 10 === 0) await sleep(1);
    }
    await until(() => signs() === before, "it can be asked as often as before");
    table.leave(seat);
    await served();
  });
});

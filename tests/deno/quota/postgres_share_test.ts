// postgresQuota: what is idle anywhere goes to who waits; who has more than its share gives of it.

import { assert, assertEquals } from "@std/assert";
import type { Permit, QuotaMember } from "../../../pool/quota.ts";
import { sleep } from "../../helpers/until.ts";
import { TIMES } from "../../../quota/postgres/times.ts";
import { soon } from "../servers/soon.ts";
import { acquire, CALLED_ONLY, FakePool, type Stage, test } from "./postgres_scene.ts";

/** A member with that many objects, all of them available. */
async function idle(
  stage: Stage,
  max: number,
  n: number,
  pool = new FakePool(),
): Promise<FakePool> {
  const member = stage.member(max, CALLED_ONLY, pool);
  const permits = await Promise.all(Array.from({ length: n }, () => acquire(member)));
  pool.available = n;
  pool.closes = () => permits.pop()!.release();
  return pool;
}

/** A pool that lends what it has just when it is asked. */
class Lending extends FakePool {
  override reclaim(): boolean {
    this.asked++;
    this.available = 0;
    return false;
  }
}

test("one of those who have idle objects closes one, for each who waits", async (stage) => {
  const pools = await Promise.all([idle(stage, 6, 2), idle(stage, 6, 2), idle(stage, 6, 2)]);
  for (let n = 1; n <= 6; n++) {
    await acquire(stage.member(6, CALLED_ONLY));
    assertEquals(pools.reduce((sum, { asked }) => sum + asked, 0), n);
  }
});

test("a burst of those who wait gets all that is idle", async (stage) => {
  const pools = await Promise.all([idle(stage, 6, 3), idle(stage, 6, 3)]);
  const members = [1, 2, 3].map(() => stage.member(6, CALLED_ONLY));
  await Promise.all(members.flatMap((member) => [acquire(member), acquire(member)]));
  assertEquals(pools.reduce((sum, { asked }) => sum + asked, 0), 6);
});

test("who has no idle object any more passes the question on", async (stage) => {
  for (let i = 0; i < 5; i++) {
    const [lending, spare] = await Promise.all([
      idle(stage, 3, 2, new Lending()),
      idle(stage, 3, 1),
    ]);
    await acquire(stage.member(3, CALLED_ONLY));
    assertEquals(spare.asked, 1);
    assert(lending.asked <= 1);
    await stage.clear();
  }
});

test("another pool of the same process is asked first", async (stage) => {
  const quota = stage.quota(2, CALLED_ONLY);
  const pool = new FakePool();
  const member = stage.join(quota, pool);
  const permits = [await acquire(member)];
  pool.available = 1;
  pool.closes = () => permits.pop()!.release();
  const others = await idle(stage, 2, 1);
  await acquire(stage.join(quota, new FakePool()));
  assertEquals([pool.asked, others.asked], [1, 0]);
});

/** Uses what it has over and over, until it is asked to give it up. */
class Busy extends FakePool {
  readonly permits: Permit[] = [];
  #due = false;

  override reclaim(): boolean {
    this.asked++;
    this.#due = true;
    return false;
  }

  /** An object is returned. */
  returned(): void {
    if (!this.#due || this.permits.length === 0) return;
    this.#due = false;
    this.permits.shift()!.release();
  }
}

test("a busy process gives what it has above its share, and no more", async (stage) => {
  const busy = new Busy();
  const member = stage.member(4, CALLED_ONLY, busy);
  for (let i = 0; i < 4; i++) busy.permits.push(await acquire(member));
  const other = stage.member(4);
  let over = false;
  const work = (async () => {
    for (; !over; await sleep(5)) busy.returned();
  })();
  await acquire(other);
  await acquire(other);
  assertEquals(busy.asked, 2);
  // Each has its share.
  assertEquals(await acquire(other, AbortSignal.timeout(1_500)).catch(() => "none"), "none");
  assertEquals([busy.asked, busy.permits.length], [2, 2]);
  over = true;
  await work;
});

test("who has lost its session gets its share while it still closes its objects", async (stage) => {
  const loses = stage.member(2);
  await Promise.all([acquire(loses), acquire(loses)]); // and releases none
  await stage.server.terminate();
  await soon(async () => await stage.taken() === 0, () => "the places are taken", 3_000);
  const busy = new Busy();
  const member = stage.member(2, TIMES, busy);
  for (let i = 0; i < 2; i++) busy.permits.push(await acquire(member));
  let over = false;
  const work = (async () => {
    for (; !over; await sleep(5)) busy.returned();
  })();
  try {
    await acquire(loses, AbortSignal.timeout(5_000));
  } finally {
    over = true;
    await work;
  }
});

/** The server is shared: what is unequal by chance is equal after some time, in ms. */
const STEP = 2_000;
const MOST = 30_000;

/** Has busy pools hold permits until each has held them for about equally long. */
async function assertFair(members: ((pool: FakePool) => QuotaMember)[]): Promise<void> {
  const hogs = members.map((join) => new Hog(join));
  const held = () => hogs.map((hog) => hog.held);
  const isFair = () => Math.min(...held()) >= Math.max(1, 0.8 * Math.max(...held()));
  const begun = performance.now();
  do await sleep(STEP); while (!isFair() && performance.now() - begun < MOST);
  await Promise.all(hogs.map((hog) => hog.end()));
  console.log(held().map(Math.round).join());
  assert(isFair(), held().join());
}

test("eight busy processes have four places for equally long", async (stage) => {
  await assertFair(Array.from({ length: 8 }, () => (pool) => stage.member(4, undefined, pool)));
});

test("two busy pools of one process share what it has", async (stage) => {
  const quota = stage.quota(4);
  await assertFair(Array.from({ length: 2 }, () => (pool) => stage.join(quota, pool)));
});

/** Holds as many permits as it gets until it is ended, and counts for how long. */
class Hog {
  /** In ms, of all permits together. */
  held = 0;
  readonly #end = new AbortController();
  readonly #done: Promise<void>;

  constructor(join: (pool: FakePool) => QuotaMember) {
    const busy = new Busy();
    this.#done = this.#run(busy, join(busy), this.#end.signal);
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#done;
  }

  async #run(busy: Busy, member: QuotaMember, end: AbortSignal): Promise<void> {
    let last = performance.now();
    let wanted = false;
    while (!end.aborted) {
      if (!wanted) {
        wanted = true;
        acquire(member, end).then((permit) => {
          wanted = false;
          busy.permits.push(permit);
        }, () => {});
      }
      await sleep(5);
      const now = performance.now();
      this.held += busy.permits.length * (now - last);
      last = now;
      busy.returned();
    }
  }
}

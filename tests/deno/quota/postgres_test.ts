// postgresQuota: one cap over processes, first come, first served, and nothing is left behind.

import { assert, assertEquals, assertRejects } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { acquire, CALLED_ONLY, FakePool, test } from "./postgres_scene.ts";
import { soon } from "../servers/soon.ts";

test("eight processes under a cap of four never have more, and get the same", async (stage) => {
  const members = Array.from({ length: 8 }, () => stage.member(4));
  let live = 0;
  let most = 0;
  let over = false;
  const work = members.map(async (member) => {
    let got = 0;
    for (; !over; got++) {
      const permit = await acquire(member);
      most = Math.max(most, ++live);
      await sleep(20);
      live--;
      permit.release();
    }
    return got;
  });
  await sleep(2_000);
  over = true;
  const got = await Promise.all(work);
  assertEquals(most, 4);
  assert(Math.min(...got) >= 0.8 * Math.max(...got), got.join());
  await soon(async () => await stage.taken() === 0, () => "places are left", 1_000);
  assertEquals(await stage.waiting(), 0);
});

test("who waits is called, first come, first served", async (stage) => {
  const holder = stage.member(1, CALLED_ONLY);
  let permit = await acquire(holder);
  const order: number[] = [];
  const served = [];
  for (let i = 0; i < 4; i++) {
    const member = stage.member(1, CALLED_ONLY);
    served.push(
      acquire(member).then((own) => {
        order.push(i);
        own.release();
      }),
    );
    await stage.queued(i + 1);
  }
  permit.release();
  await Promise.all(served);
  assertEquals(order, [0, 1, 2, 3]);
  permit = await acquire(holder);
  permit.release();
});

test("within a process, too, first come, first served", async (stage) => {
  const member = stage.member(2, CALLED_ONLY);
  const [one, two] = await Promise.all([acquire(member), acquire(member)]);
  const order: number[] = [];
  const served = [0, 1, 2].map(async (i) => {
    const permit = await acquire(member);
    order.push(i);
    permit.release();
  });
  await stage.queued(1);
  one!.release();
  await Promise.all(served);
  assertEquals(order, [0, 1, 2]);
  two!.release();
});

test("a process that waits for many has one turn, as who waits for one", async (stage) => {
  const holder = stage.member(1, CALLED_ONLY);
  const permit = await acquire(holder);
  const order: string[] = [];
  const serve = (name: string, member = stage.member(1, CALLED_ONLY)) => async () => {
    const own = await acquire(member);
    order.push(name);
    own.release();
  };
  const hog = serve("hog");
  const hogs = Array.from({ length: 5 }, hog);
  await stage.queued(1);
  const other = serve("other")();
  await stage.queued(2);
  permit.release();
  await Promise.all([...hogs, other]);
  assertEquals(order.slice(0, 2), ["hog", "other"]);
  assertEquals(order.length, 6);
});

test("who is aborted rejects with the reason and takes nothing", async (stage) => {
  const member = stage.member(1, CALLED_ONLY);
  const other = stage.member(1, CALLED_ONLY);
  const reason = new Error("enough");
  assertEquals(await acquire(member, AbortSignal.abort(reason)).catch((e) => e), reason);
  // While it connects.
  const early = new AbortController();
  const first = acquire(member, early.signal);
  early.abort(reason);
  assertEquals(await first.catch((e) => e), reason);
  const permit = await acquire(other);
  // While it waits.
  const late = new AbortController();
  const second = acquire(member, late.signal);
  await stage.queued(1);
  late.abort(reason);
  assertEquals(await second.catch((e) => e), reason);
  await stage.queued(0);
  permit.release();
  await soon(async () => await stage.taken() === 0, () => "a place is left", 1_000);
  // At any moment.
  for (let i = 0; i < 50; i++) {
    const any = new AbortController();
    const got = acquire(i % 2 === 0 ? member : other, any.signal);
    await sleep(i % 5);
    any.abort(reason);
    await got.then((permit) => permit.release(), (error) => assertEquals(error, reason));
  }
  await soon(async () => await stage.taken() === 0, () => "a place is left", 1_000);
  await stage.queued(0);
});

test("who waits behind one that goes away is called all the same", async (stage) => {
  const holder = stage.member(1, CALLED_ONLY);
  const permit = await acquire(holder);
  const gone = new AbortController();
  const first = acquire(stage.member(1, CALLED_ONLY), gone.signal).catch(() => {});
  await stage.queued(1);
  const second = acquire(stage.member(1, CALLED_ONLY));
  await stage.queued(2);
  permit.release();
  gone.abort();
  await first;
  (await second).release();
});

test("a process takes no place a second time that it has", async (stage) => {
  const [one, two] = [stage.member(3), stage.member(3)];
  const permits = [await acquire(one), await acquire(one), await acquire(one)];
  assertEquals(await stage.taken(), 3);
  const waits = acquire(two);
  await stage.queued(1);
  permits[0]!.release();
  (await waits).release();
  permits[1]!.release();
  permits[2]!.release();
});

test("a release counts once", async (stage) => {
  const member = stage.member(2);
  const [one, two] = await Promise.all([acquire(member), acquire(member)]);
  one!.release();
  one!.release();
  const three = await acquire(member);
  one!.release();
  await assertRejects(() => acquire(stage.member(2), AbortSignal.timeout(100)));
  assertEquals(await stage.taken(), 2);
  two!.release();
  three.release();
});

test("attach connects nothing, and a session that nobody uses goes", async (stage) => {
  const quota = stage.quota(2, { ...CALLED_ONLY, linger: 50 });
  const member = stage.join(quota, new FakePool());
  const other = stage.join(quota, new FakePool());
  assertEquals(await stage.server.count(), 0);
  const permits = await Promise.all([acquire(member), acquire(other)]);
  assertEquals(await stage.server.count(), 1);
  for (const permit of permits) permit.release();
  await soon(async () => await stage.server.count() === 0, () => "the session stays", 2_000);
  (await acquire(member)).release();
  await member[Symbol.asyncDispose]();
  assertEquals(await stage.server.count(), 1);
  await other[Symbol.asyncDispose]();
  assertEquals(await stage.server.count(), 0);
});

test("a member that is disposed of gives all back", async (stage) => {
  const [one, two] = [stage.member(2), stage.member(2)];
  await acquire(one);
  await acquire(one);
  await one[Symbol.asyncDispose]();
  await Promise.all([acquire(two), acquire(two)]);
  const waits = acquire(one).catch((error) => error);
  await stage.queued(1);
  await one[Symbol.asyncDispose]();
  assertEquals((await waits).message, "postgresQuota: this member has been disposed of");
});

test("different caps under one key: who has the lower one keeps to it", async (stage) => {
  const low = stage.member(1);
  const high = stage.member(3);
  const permits = await Promise.all([acquire(high), acquire(high)]);
  const waits = acquire(low);
  await stage.queued(1);
  for (const permit of permits) permit.release();
  (await waits).release();
});

// The script of redisQuota on a real Redis: what it grants to whom, and when it does not.

import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { isInstalled } from "../servers/own_redis.ts";
import { soon } from "../servers/soon.ts";
import { LEASE, type Ok, OPEN, Scene } from "./redis_scene.ts";

const skipped = await isInstalled() ? "" : " (skipped: no redis-server is installed)";

function test(name: string, fn: (scene: Scene) => Promise<void>): void {
  Deno.test({
    name: `the script of redisQuota: ${name}${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using scene = await Scene.open();
      await fn(scene);
    },
  });
}

test("a key that is not known opens when nobody can hold anything any more", async (scene) => {
  const begun = performance.now();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 0);
  for (let seq = 2;; seq++) {
    const { granted, wake } = await scene.say("a.0", seq, { wanted: 1 }) as Ok;
    if (granted === 1) break;
    assert(wake <= OPEN + 1, `${wake}`);
    await sleep(wake);
  }
  assert(performance.now() - begun >= OPEN - 1);
});

test("as many are granted as there are, first come, first served, and the next is told", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("c.0", 1, { wanted: 1 }), 0);
  assertEquals(await scene.granted("d.0", 1, { wanted: 1 }), 0);
  const { era } = await scene.say("a.0", 2, { granted: 1, released: 1 }) as Ok;
  await soon(
    () => scene.heard.includes(`proxypool:{scene}:c c.0 ${era} 1 0`),
    () => `${scene.heard}`,
    1000,
  );
  assertEquals(await scene.granted("d.0", 2, { wanted: 1 }), 0);
  assertEquals(await scene.stage.places("scene"), 2);
});

test("who has its share already stands behind those who have not", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("hog.0", 1, { wanted: 9 }), 2);
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 0);
  assertEquals(await scene.granted("hog.0", 2, { granted: 2, released: 1, wanted: 9 }), 2);
  assertEquals(await scene.granted("a.0", 2, { granted: 0, wanted: 1 }), 1);
});

test("a call that arrives late changes nothing", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 5, { wanted: 1 }), 1);
  assertEquals(await scene.say("a.0", 4, { wanted: 2 }), { kind: "late" });
  assertEquals(await scene.stage.places("scene"), 1);
});

test("a place that was lost is given away after a lease and a quarter, and no sooner", async (scene) => {
  await scene.opened();
  const begun = performance.now();
  assertEquals(await scene.granted("dead.0", 1, { wanted: 2 }), 2);
  for (let seq = 1;; seq++) {
    const { granted, wake } = await scene.say("a.0", seq, { wanted: 1 }) as Ok;
    if (granted === 1) break;
    await sleep(wake);
  }
  const passed = performance.now() - begun;
  assert(passed >= OPEN - 1, `${passed}`);
});

test("after a flush, who holds says so again, and nobody is granted anything meanwhile", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 1);
  await scene.stage.flush();
  const { wake } = await scene.say("c.0", 1, { wanted: 1 }) as Ok;
  assertEquals(await scene.granted("a.0", 2, { granted: 1 }), 1);
  assertEquals(await scene.granted("c.0", 2, { wanted: 1 }), 0);
  await sleep(wake);
  // b has not said so: its place is free by now, and goes to c.
  assertEquals(await scene.granted("a.0", 3, { granted: 1 }), 1);
  assertEquals(await scene.granted("c.0", 3, { wanted: 1 }), 1);
  assertEquals(await scene.say("b.0", 2, { granted: 1 }), { kind: "gone" });
  assertEquals(await scene.stage.places("scene"), 2);
});

test("a dead holder keeps no place if the key of leases is deleted", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("dead.0", 1, { wanted: 2 }), 2);
  await scene.client.del("proxypool:{scene}:leases");
  const { wake } = await scene.say("a.0", 1, { wanted: 2 }) as Ok;
  await sleep(wake);
  assertEquals(await scene.granted("a.0", 2, { wanted: 2 }), 2);
  assertEquals(await scene.stage.places("scene"), 2);
});

test("what was stored before a restart is not relied upon", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  await scene.client.hSet("proxypool:{scene}:state", "run", "another");
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 0);
  assertEquals(await scene.granted("a.0", 2, { granted: 1, wanted: 2 }), 1);
  assertEquals(await scene.stage.places("scene"), 1);
});

test("who was taken for dead keeps what is still free", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  await sleep(OPEN + 20);
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("a.0", 2, { granted: 1 }), 1);
  assertEquals(await scene.stage.places("scene"), 2);
});

test("while processes differ, the least max counts", async (scene) => {
  await scene.opened();
  scene.max = 1;
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  scene.max = 5;
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 0);
  await scene.say("a.0", 2, { granted: 1, released: 1 });
  assertEquals(await scene.granted("b.0", 2, { wanted: 4 }), 4);
});

test("processes may not differ in their lease, unless all others have gone", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  scene.lease = 900;
  assertEquals(await scene.say("b.0", 1, { wanted: 1 }), { kind: "lease", lease: LEASE });
  scene.lease = LEASE;
  await scene.say("a.0", 2, { granted: 1, released: 1 });
  scene.lease = 900;
  assertEquals(await scene.granted("b.0", 2, { wanted: 1 }), 1);
});

test("a lease does not last longer because the clock was set back", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("dead.0", 1, { wanted: 2 }), 2);
  await scene.client.zAdd("proxypool:{scene}:leases", { value: "dead.0", score: 9e12 });
  await scene.say("a.0", 1, { wanted: 1 });
  await sleep(OPEN + 20);
  assertEquals(await scene.granted("a.0", 2, { wanted: 1 }), 1);
});

test("who has most is asked to give back, if that is more than its share", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 2 }), 2);
  const { era, granted } = await scene.say("b.0", 1, { wanted: 1 }) as Ok;
  assertEquals(granted, 0);
  const told = () => scene.heard.filter((line) => line === `proxypool:{scene}:a a.0 ${era} 2 1`);
  await soon(() => told().length === 1, () => `${scene.heard}`, 1000);
  // It is not asked twice for the same; what it gives goes to who waits.
  assertEquals((await scene.say("a.0", 2, { granted: 2 }) as Ok).asked, 1);
  assertEquals((await scene.say("a.0", 3, { granted: 2, released: 1 }) as Ok).asked, 1);
  assertEquals(await scene.granted("b.0", 2, { wanted: 1 }), 1);
});

test("among equals, everybody is asked who has idle objects, and who has is asked for one", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("b.0", 1, { wanted: 2 }), 1);
  await soon(() => scene.heard.includes("proxypool:{scene} idle?"), () => `${scene.heard}`, 1000);
  assertEquals((await scene.say("a.0", 2, { granted: 1 }) as Ok).asked, 0);
  assertEquals((await scene.say("a.0", 3, { granted: 1, idle: 1 }) as Ok).asked, 1);
});

test("who does not give what it was asked for by its next renewal is not the only one asked", async (scene) => {
  await scene.opened();
  assertEquals(await scene.granted("a.0", 1, { wanted: 1 }), 1);
  assertEquals(await scene.granted("b.0", 1, { wanted: 1 }), 1);
  await scene.say("c.0", 1, { wanted: 1 });
  const [first, second] = (await scene.say("a.0", 2, { granted: 1 }) as Ok).asked === 1
    ? ["a.0", "b.0"] as const
    : ["b.0", "a.0"] as const;
  assertEquals((await scene.say(second, 3, { granted: 1 }) as Ok).asked, 0);
  await scene.say(first, 3, { granted: 1 }, true);
  assertEquals((await scene.say(second, 4, { granted: 1 }) as Ok).asked, 1);
});

test("nothing is left of who has gone but the state of the key", async (scene) => {
  await scene.opened();
  await scene.say("a.0", 1, { wanted: 3 });
  await scene.say("a.0", 2, { granted: 2, released: 2 });
  assertEquals(await scene.client.keys("*"), ["proxypool:{scene}:state"]);
  const state = await scene.client.hGetAll("proxypool:{scene}:state");
  assertEquals([state.total, state.pending], ["0", "0"]);
  assertEquals(Object.keys(state).filter((name) => name.startsWith("of ")), []);
});

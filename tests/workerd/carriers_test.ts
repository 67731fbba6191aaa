// What carries frames along: at once, after ready(), or nothing, so that they are passed by hand.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy, ProxyError } from "../../mod.ts";
import { FlowScope, type Frame } from "../../scopes/mod.ts";
import { env, workers } from "./cloudflare.ts";
import { Echo, leave } from "./echo.ts";
import { ask, type Context, witness, worker } from "./requests.ts";
import { sleep } from "../helpers/until.ts";

interface Globals {
  process?: { getBuiltinModule?(name: string): unknown };
}

/** Whether this Worker has something to give at once. */
const immediate =
  (globalThis as Globals).process?.getBuiltinModule?.("node:async_hooks") !== undefined;

/** Never made ready. */
const handed = new FlowScope("handed", { ioBound: true });
const db = new Proxy({
  fun: () => Echo.open(),
  scope: handed,
  maxSize: 1,
  closer: (echo) => leave(echo),
});

/** A request that passes its frame by hand, and ends it before or after its response. */
async function passOn({ searchParams }: URL, ctx: Context): Promise<unknown> {
  const frame = handed.open(ctx);
  try {
    const id = searchParams.get("id")!;
    return [await greet(frame, id), await part(frame, id)];
  } finally {
    void frame.end();
  }
}

async function greet(frame: Frame, id: string): Promise<string> {
  const said = await db._in(frame).say(`${id} comes`);
  await sleep(20);
  return said;
}

function part(frame: Frame, id: string): Promise<string> {
  return db._in(frame).say(`${id} goes`);
}

export default worker({ "hand": passOn });

export class Room {}

describe("a scope", () => {
  it("carries frames at once where process is there, else only once it is ready", async () => {
    const scope = new FlowScope("mine");
    const run = () => scope.run(() => scope.current() !== undefined);
    if (!immediate) assertThrows(run, ProxyError, "await mine.ready() first");
    await scope.ready();
    assertEquals([run(), scope.current()], [true, undefined]);
  });

  it("may be made ready by several at once, and again", async () => {
    const scope = new FlowScope("mine");
    await Promise.all([scope.ready(), scope.ready()]);
    await scope.run(async () => {
      const frame = scope.current();
      await Promise.all([scope.ready(), scope.ready()]);
      assertStrictEquals(scope.current(), frame);
    });
  });

  it("keeps nested frames apart from each other, and from those of another scope", async () => {
    const [one, two] = [new FlowScope("one"), new FlowScope("two")];
    await Promise.all([one.ready(), two.ready()]);
    await one.run(async () => {
      const outer = one.current();
      await two.run(async () => {
        assertStrictEquals(one.current(), outer);
        const other = two.current();
        await one.run(async () => {
          await sleep(1);
          assertEquals([one.current() === outer, two.current() === other], [false, true]);
        });
        assertStrictEquals(one.current(), outer);
      });
      assertEquals([one.current() === outer, two.current()], [true, undefined]);
    });
    assertEquals(one.current(), undefined);
  });

  it("keeps concurrent frames apart, through timers, promises and microtasks", async () => {
    const scope = new FlowScope("mine");
    await scope.ready();
    const frames = await Promise.all(Array.from({ length: 50 }, (_, i) =>
      scope.run(async () => {
        const frame = scope.current();
        for (let n = 0; n < 3; n++) {
          await sleep((i * 7 + n) % 5);
          assertStrictEquals(scope.current(), frame);
          await Promise.resolve();
          await new Promise<void>(queueMicrotask);
          assertStrictEquals(scope.current(), frame);
        }
        return frame;
      })));
    assertEquals(new Set(frames).size, 50);
  });

  it("leaves the environment of cloudflare:workers as it is", async () => {
    const scope = new FlowScope("mine");
    await scope.ready();
    const { SERVER } = env();
    await scope.run(async () => {
      await sleep(1);
      const { Room, SELF } = env<"Room">();
      assertEquals([env().SERVER, typeof SELF.fetch], [SERVER, "function"]);
      assertEquals(typeof Room.idFromName("one"), "object");
      assertEquals(Object.keys(env()).sort(), ["Room", "SELF", "SERVER"]);
    });
    assertEquals(env().SERVER, SERVER);
  });

  it("keeps to its frame in somebody's withEnv, and lets their environment through", async () => {
    const scope = new FlowScope("mine");
    await scope.ready();
    const extra = () => (workers.env as unknown as { EXTRA?: string }).EXTRA;
    await workers.withEnv({ ...workers.env, EXTRA: "outer" }, () =>
      scope.run(async () => {
        const frame = scope.current();
        await sleep(1);
        assertEquals(extra(), "outer");
        await workers.withEnv({ ...workers.env, EXTRA: "inner" }, async () => {
          await sleep(1);
          assertEquals([extra(), scope.current() === frame], ["inner", true]);
        });
        assertEquals(extra(), "outer");
      }));
  });
});

describe("a frame passed by hand", () => {
  it("needs nothing that carries it: each of 20 requests at once has its own socket", async () => {
    const server = await witness();
    const ids = Array.from({ length: 20 }, (_, i) => `request ${i}`);
    const answers = await Promise.all(ids.map((id) => ask(`hand?id=${id}`)));
    assertEquals(answers, ids.map((id) => [`${id} comes`, `${id} goes`]));
    const accounts = await server.allClosed();
    assertEquals(
      accounts.map(({ said }) => said.join()).sort(),
      ids.map((id) => `${id} comes,${id} goes,bye`).sort(),
    );
  });

  it("cannot be entered where nothing carries it", async () => {
    await using frame = handed.open();
    const enter = () => frame.run(() => handed.current() === frame);
    if (immediate) assertEquals(enter(), true);
    else assertThrows(enter, ProxyError, "pass it by hand, as proxy._in(frame)");
  });
});

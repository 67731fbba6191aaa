// What a request leaves behind can be collected, by real garbage collection: its frame, pool, sockets.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Proxy } from "../../mod.ts";
import { type Frame, versatile } from "../../scopes/mod.ts";
import { collect, needGc } from "../helpers/gc.ts";
import { Echo, leave } from "./echo.ts";
import { ask, type Context, witness, worker } from "./requests.ts";

await versatile.ready();

const db = new Proxy({
  fun: () => Echo.open(),
  maxSize: 1,
  maxAvailDelay: 60_000,
  maxUsingDelay: 60_000,
  closer: (echo) => leave(echo),
});

/** Of each request its frame, its pool and its socket. */
let traces: WeakRef<object>[] = [];
let kept: Frame | undefined;

async function trace(): Promise<Frame> {
  const echo = await db._getObj();
  await echo.say("hello");
  const frame = versatile.current()!;
  traces.push(new WeakRef(frame), new WeakRef(db._pool!), new WeakRef(echo));
  return frame;
}

export default worker({
  "trace": (_url, ctx) => versatile.run(async () => void await trace(), ctx).then(() => 0),
  "keep": (_url, ctx) => versatile.run(async () => void (kept = await trace()), ctx).then(() => 0),
  "hand": async (_url, ctx: Context) => {
    const frame = versatile.open(ctx);
    await frame.run(trace);
    await frame.end();
    return 0;
  },
});

async function left(path: string, requests = 5): Promise<boolean[]> {
  needGc();
  traces = [];
  const server = await witness();
  for (let i = 0; i < requests; i++) await ask(path);
  await server.allClosed();
  for (let i = 0; i < 10 && traces.some((ref) => ref.deref()); i++) await collect(2);
  return traces.map((ref) => ref.deref() !== undefined);
}

describe("a request that has ended", () => {
  it("leaves nothing behind", async () => {
    assertEquals(await left("trace"), new Array(15).fill(false));
  });

  it("nor if its frame was opened by hand", async () => {
    assertEquals(await left("hand"), new Array(15).fill(false));
  });

  it("leaves what somebody keeps, and that frame keeps neither pool nor socket", async () => {
    assertEquals(await left("keep", 1), [true, false, false]);
    assert(kept!.ended);
  });
});

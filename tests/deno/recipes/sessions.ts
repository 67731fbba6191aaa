// What must hold of a recipe for sessions with a server, whichever that is: each way to lose one.

import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Pool } from "../../../mod.ts";
import type { Runner } from "../../helpers/program.ts";
import { sleep } from "../../helpers/until.ts";
import { Link } from "../servers/link.ts";
import { whySkipped } from "../servers/register.ts";
import { inTime, type Kind, type Server } from "../servers/server.ts";
import { soon } from "../servers/soon.ts";
import { printed, takers, type Told } from "./run.ts";

/** A recipe, and how to try it. */
export interface Recipe<T> {
  /** The file. */
  file: string;
  kind: Pick<Kind, "name" | "port" | "open">;
  /** Its pool, of sessions of that account, perhaps through a link at that port. */
  open(account: string, port: number): Pool<T>;
  /** Asks the server something; fails if it does not answer. */
  ask(session: T): Promise<unknown>;
  /** What the program is told, and what it then prints. */
  program(server: Server): Told & { prints: string[] };
}

/** A pool, and what its sessions lead to. */
export interface Scene<T> {
  pool: Pool<T>;
  server: Server;
  link: Link;
}

/** Longer than a recipe trusts what it has not asked, in ms. */
const IDLE = 550;

/** How many sessions are used at the same time. */
const SIZE = 3;

/** Registers what holds of every recipe, and what holds of this one. */
export async function register<T>(
  recipe: Recipe<T>,
  own: Record<string, (scene: Scene<T>) => Promise<void>>,
): Promise<void> {
  const skipped = await whySkipped(recipe.kind as Kind);
  const test = (name: string, fn: () => Promise<void>) =>
    Deno.test({ name: `${recipe.file}: ${name}${skipped}`, ignore: skipped !== "", fn });
  for (const runner of takers().filter(({ there }) => there)) {
    test(`the program on ${runner.label}`, () => program(recipe, runner));
  }
  for (const [name, fn] of Object.entries(own)) test(name, () => play(recipe, fn));
  test("what is lost while idle is not lent", () => lostIdle(recipe));
  test("what is lost in a borrower's hands is not lent again", () =>
    play(recipe, lostInUse(recipe)));
  test("shutdown leaves none, be it half-dead", () => play(recipe, halfDead(recipe)));
  test("one that is not wanted any more does not come to be", () => unwanted(recipe));
}

/** Has `fn` do its part; then nothing may be left at the server. */
async function play<T>(recipe: Recipe<T>, fn: (scene: Scene<T>) => Promise<void>): Promise<void> {
  await using server = await recipe.kind.open(SIZE);
  await using link = await Link.to(server.port);
  const pool = recipe.open(server.account, link.port);
  try {
    await fn({ pool, server, link });
  } finally {
    await pool.shutdown({ timeout: 500 });
  }
  await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
}

async function program<T>({ file, kind, program }: Recipe<T>, runner: Runner): Promise<void> {
  await using server = await kind.open(SIZE);
  const { prints, ...told } = program(server);
  assertEquals(await printed(runner, file, told), prints);
}

/** Side by side, since what they do most is wait. */
async function lostIdle<T>(recipe: Recipe<T>): Promise<void> {
  const idle = (known: number, lose: (scene: Scene<T>) => Promise<void>) =>
    play(recipe, async (scene) => {
      await scene.pool.use(recipe.ask);
      await lose(scene);
      await sleep(IDLE);
      await scene.pool.use(recipe.ask);
      const { created, unhealthy, invalidated } = scene.pool.stats();
      assertEquals([created, unhealthy + invalidated], [2, known]);
    });
  await Promise.all([
    idle(1, ({ server }) => server.terminate()),
    // Its check still hangs when another one has been made and has served.
    idle(0, ({ link }) => link.cut("stall")),
  ]);
}

function lostInUse<T>({ ask }: Recipe<T>) {
  return async ({ pool, server }: Scene<T>): Promise<void> => {
    const lease = await pool.get();
    await server.terminate();
    await pool.ret(lease);
    assertEquals(pool.available, 0);
    await pool.use(ask);
    // Who has it in `use` may be told; the next is served in any case.
    await pool.use(async (session) => {
      await server.terminate();
      await ask(session);
    }).catch(() => {});
    await pool.use(ask);
    // A closer that says goodbye takes a while.
    await soon(() => pool.stats().closed === 2, () => `${pool}`, 1_000);
    const { created, closed, unhealthy } = pool.stats();
    assertEquals([created, closed, unhealthy], [3, 2, 0]);
  };
}

function halfDead<T>({ ask }: Recipe<T>) {
  return async ({ pool, server, link }: Scene<T>): Promise<void> => {
    let used = 0;
    const all = Promise.withResolvers<void>();
    const using = Array.from({ length: SIZE }, () =>
      pool.use(async (session) => {
        await ask(session);
        if (++used === SIZE) all.resolve();
        await all.promise;
      }));
    await Promise.all(using);
    assertEquals(await server.count(), SIZE);
    // One is asked something, and hears nothing any more; the others are idle.
    await link.cut("stall");
    const asked = assertRejects(() => pool.use(ask));
    const begun = performance.now();
    await pool.shutdown({ timeout: 100 });
    await asked;
    assert(performance.now() - begun < 2_000, "it takes too long");
  };
}

/** Connecting to what says nothing, or has not even begun to: a shutdown does not wait for that. */
async function unwanted<T>({ open }: Recipe<T>): Promise<void> {
  using mute = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  for (const begun of [true, false]) {
    const pool = open("nobody", mute.addr.port);
    const failed = assertRejects(() => pool.get());
    const accepted = mute.accept();
    if (begun) await accepted.then(() => sleep(20)); // until it waits for an answer
    await quickly(pool.shutdown());
    await failed;
    // One may have been given up so early that there never was a connection.
    if (await inTime(accepted, begun ? 1_000 : 100)) await closed(await accepted);
    else accepted.catch(() => {}); // ended with the listener
  }
}

async function quickly(work: Promise<void>): Promise<void> {
  assert(await inTime(work, 1_000), "it takes too long");
}

async function closed(socket: Deno.Conn): Promise<void> {
  using _socket = socket;
  const buffer = new Uint8Array(1_000);
  while (await socket.read(buffer).catch(() => null) !== null); // until it is closed
}

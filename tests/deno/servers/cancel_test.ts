// A command that is cancelled leaves its reply in the connection: nobody else must ever get that.

import { assert, assertEquals } from "@std/assert";
import { Pool, type PoolOptions } from "../../../mod.ts";
import { redis } from "./redis.ts";
import { register } from "./register.ts";
import { Resp } from "./resp.ts";

const SIZE = 8;
const USERS = 2 * SIZE;
const CANCELLED = 10_000;

await register(redis, [
  ["Redis: a bare pool serves the reply of a cancelled command to others", bare],
  ["Redis: so does a pool that does not discard after a failure", keeping],
  [`Redis: a pool that is told of it does not, in ${CANCELLED} cancelled requests`, told],
]);

/** The fault itself: redis-py#2624, by which users were shown the data of others. */
async function bare(): Promise<void> {
  const connection = await Resp.connect(redis.port);
  const idle = [connection];
  const use = async (text: string, signal?: AbortSignal) => {
    const borrowed = idle.pop()!;
    try {
      return await borrowed.echo(text, signal);
    } finally {
      idle.push(borrowed);
    }
  };
  const controller = new AbortController();
  const cancelled = use("first", controller.signal).catch((error) => error.name);
  controller.abort();
  assertEquals(await cancelled, "AbortError");
  assertEquals([await use("second"), await use("third")], ["first", "second"]);
  connection.close();
}

async function keeping(): Promise<void> {
  const { wrong } = await crowd(
    160,
    (pool, request, signal) => pool.use((connection) => request(connection, signal)),
    { discardOnError: false },
  );
  assert(wrong > 0, "nothing is wrong without: the test tests nothing");
}

async function told(): Promise<void> {
  const { wrong, discarded } = await crowd(
    CANCELLED,
    (pool, request, signal) =>
      pool.use((connection) => request(connection, signal), signal ? { signal } : {}),
  );
  assertEquals(wrong, 0);
  assert(discarded >= CANCELLED, `only ${discarded} were cancelled after they had begun`);
}

type Request = (connection: Resp, signal?: AbortSignal) => Promise<void>;
type Use = (pool: Pool<Resp>, request: Request, signal?: AbortSignal) => Promise<void>;

interface Outcome {
  /** How many got a reply that was not theirs. */
  wrong: number;
  /** How many connections were discarded. */
  discarded: number;
}

/** Many users, so many of whose requests are cancelled while under way, and as many are not. */
async function crowd(
  count: number,
  use: Use,
  options: PoolOptions<Resp> = {},
): Promise<Outcome> {
  const closer = (connection: Resp) => connection.close();
  const pool = new Pool(() => Resp.connect(redis.port), { maxSize: SIZE, closer, ...options });
  let wrong = 0;
  const aborts: Promise<void>[] = [];
  const user = async (id: number) => {
    for (let cancelled = 0, n = 0; cancelled < count / USERS; n++) {
      const controller = new AbortController();
      const request = (text: string, turns = -1): Request => async (connection, signal) => {
        aborts.push(abortIn(turns, controller));
        if (await connection.echo(text, signal) !== text) wrong++;
      };
      await use(pool, request(`${id}/${n}`, n % 8), controller.signal).catch(() => cancelled++);
      await use(pool, request(`${id}/${n} again`));
    }
  };
  await Promise.all(Array.from({ length: USERS }, (_, id) => user(id)));
  const { discarded } = pool.stats();
  await pool.shutdown();
  await Promise.all(aborts);
  return { wrong, discarded };
}

/** Aborts at once, or a little later: up to when there may be an answer. */
async function abortIn(turns: number, controller: AbortController): Promise<void> {
  if (turns < 0) return;
  for (let i = 0; i < turns; i++) await (i < 6 ? null : new Promise((done) => setTimeout(done, 0)));
  controller.abort();
}

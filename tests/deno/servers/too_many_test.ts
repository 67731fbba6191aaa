// The server allows fewer connections than the pool may make: with `createRetry` nobody hears of it.

import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { Bench, LENIENT, SIZE } from "./bench.ts";
import { Load } from "./load.ts";
import { limited } from "./mariadb.ts";
import { postgres } from "./postgres.ts";
import { probesIn } from "./probes.ts";
import { register } from "./register.ts";
import type { Kind } from "./server.ts";
import { soon } from "./soon.ts";
import { timed } from "./stopwatch.ts";

/** How many the server allows is `SIZE`; how many the pool may make: */
const WANTED = 3 * SIZE;
const USERS = 2 * WANTED;

/** PostgreSQL's, MySQL's, and MySQL's and MariaDB's for one user. */
const TOO_MANY = ["53300", "ER_CON_COUNT_ERROR", "ER_USER_LIMIT_REACHED"];

const isTooMany = (error: unknown) => TOO_MANY.includes((error as { code: string }).code);

for (const kind of [postgres, limited]) {
  await register(kind, [
    [`${kind.name}: it allows ${SIZE} connections of ${WANTED}: no call fails`, () => most(kind)],
    [`${kind.name}: maxCreating: never more connects at once`, () => creating(kind)],
  ]);
}

async function most(kind: Kind): Promise<void> {
  const options = { ...LENIENT, minSize: 0, maxSize: WANTED, createRetry: isTooMany };
  await using bench = await Bench.open(kind, options, SIZE);
  const { link, pool } = bench;
  await using load = new Load(pool, USERS, { pause: 0 });
  let attempts = -1;
  const rests = () => { // nothing is attempted, and nothing was since it was last asked
    const { created, createFailed } = pool.stats();
    const isSame = attempts === created + createFailed;
    attempts = created + createFailed;
    return isSame && created === SIZE && pool.creating === 0 && pool.waiting > 0;
  };
  await soon(rests, () => `it does not rest: ${link.accepted} connects, ${pool}`, 5_000);
  const { accepted } = link, { answers } = load;
  link.most = link.opening;

  const ms = await timed(() => sleep(1_000));

  const connects = link.accepted - accepted, allowed = probesIn(ms, 5_000);
  assert(connects <= allowed, `${connects} connects, ${allowed} are allowed`);
  assert(link.most <= 1, `${link.most} connects at once`);
  await load.stop();
  assertEquals(load.failures, []);
  assert(load.answers > answers + USERS, "it hardly answers");
  const { created, createFailed, discarded } = pool.stats();
  assert(createFailed > 0, "there were never too many");
  assertEquals([created, discarded], [SIZE, 0]);
  await bench.end();
}

async function creating(kind: Kind): Promise<void> {
  const options = { ...LENIENT, minSize: 0, maxSize: WANTED, maxCreating: 2 };
  await using bench = await Bench.open(kind, options);
  const { link, pool } = bench;
  link.gate = 20;
  await Promise.all(Array.from({ length: USERS }, (_, i) =>
    pool.use(async (connection) => {
      assertEquals(await connection.echo(i), i);
      await connection.sleep(100); // for what comes back not to serve all the others
    })));
  await bench.end();
  assertEquals(link.most, 2);
  assertEquals(link.accepted, pool.stats().created);
  assert(link.accepted > 4, `only ${link.accepted} connects`);
}

// postgresQuota: sessions that die, a server that is away, and what stands between.

import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Permit } from "../../../pool/quota.ts";
import { PostgresEngine } from "../../../quota/postgres/engine.ts";
import { Statements } from "../../../quota/postgres/sql.ts";
import { SETTINGS, TIMES } from "../../../quota/postgres/times.ts";
import { sleep } from "../../helpers/until.ts";
import { Link } from "../servers/link.ts";
import { Gate } from "./gate.ts";
import { findPrograms, OwnPostgres } from "../servers/own_postgres.ts";
import { acquire, CALLED_ONLY, FakePool, limited, Stage, test } from "./postgres_scene.ts";
import { soon } from "../servers/soon.ts";
import type { Postgres } from "../servers/postgres.ts";

const QUICK = { ...TIMES, connect: 300, beat: 50, answer: 200 };

/** Resolves when it is lost. */
function loss({ lost }: Permit): Promise<unknown> {
  return new Promise((resolve) => {
    if (lost!.aborted) resolve(lost!.reason);
    else lost!.addEventListener("abort", () => resolve(lost!.reason), { once: true });
  });
}

const failure = (got: Promise<Permit>): Promise<Error> =>
  got.then(() => new Error("it was served"), (error) => error);

test("a session that is ended loses all its permits, and the next one has places", async (stage) => {
  const member = stage.member(2);
  const permits = await Promise.all([acquire(member), acquire(member)]);
  const waits = failure(acquire(member));
  await stage.queued(1);
  await stage.server.terminate();
  for (const permit of permits) {
    assertMatch(String(await loss(permit)), /^PoolError: postgresQuota: the session has ended: /);
  }
  assertMatch((await waits).message, /^postgresQuota: the session has ended: .*terminat/);
  const next = await Promise.all([acquire(member), acquire(member)]);
  for (const permit of permits) permit.release(); // of a session that is gone
  assertEquals(await stage.taken(), 2);
  for (const permit of next) permit.release();
});

test("who waits has the places of a process that dies", async (stage) => {
  const dies = stage.member(2);
  await Promise.all([acquire(dies), acquire(dies)]);
  const others = [stage.member(2), stage.member(2)];
  const waits = others.map((member) => acquire(member));
  await stage.queued(2);
  await stage.server.ask(
    `select pg_terminate_backend(pid) from pg_stat_activity where pid in (
     select pid from pg_locks where locktype = 'advisory' and objid = 1 and pid not in (
     select pid from pg_locks where locktype = 'advisory' and objid = 0))
     and application_name = '${stage.server.account}'`,
  );
  await Promise.all(waits);
});

test("places that an ended session may have left rest for a moment", async (stage) => {
  const grace = 300;
  for (const waits of [true, false]) {
    const [dies, other] = [stage.member(1), stage.member(1, { ...TIMES, grace })];
    (await acquire(other)).release(); // it knows the other one by its next look
    await acquire(dies);
    await acquire(other, AbortSignal.timeout(200)).catch(() => {});
    let next = waits ? acquire(other) : undefined;
    if (waits) await stage.queued(1);
    const [pid] = await stage.holders();
    const start = performance.now();
    await stage.server.ask(`select pg_terminate_backend(${pid})`);
    next ??= acquire(other);
    await next;
    assert(performance.now() - start >= grace);
    await stage.clear();
  }
});

test("a session that ends by itself is missed by nobody", async (stage) => {
  const [ends, other] = [stage.member(1), stage.member(1, { ...TIMES, grace: 600_000 })];
  const permit = await acquire(ends);
  const waits = acquire(other);
  await stage.queued(1);
  permit.release();
  (await waits).release();
  await ends[Symbol.asyncDispose]();
  (await acquire(other)).release();
});

test("one that was cut off knows it before others can have its places", async (stage) => {
  await using gate = await Gate.to(stage.server.port);
  stage.port = gate.port;
  const member = stage.member(1, QUICK);
  const permit = await acquire(member);
  await sleep(120); // some beats
  assert(!permit.lost!.aborted);
  gate.shut();
  assertMatch(String(await loss(permit)), /no answer to a statement within 200 ms/);
  assertEquals(await stage.taken(), 1);
  gate.open();
  (await acquire(member)).release();
  await stage.clear();
});

test("the server is told to give up who does not answer, later than that", async (stage) => {
  const client = await stage.connect();
  await client.query(new Statements("key", 1, "id").setUp(SETTINGS));
  const ms = async (name: string) => {
    const { rows } = await client.query(
      `select setting::int, unit from pg_settings where name = $1`,
      [name],
    );
    return rows[0].setting * (rows[0].unit === "s" ? 1000 : 1);
  };
  const patience = await ms("tcp_keepalives_idle") +
    await ms("tcp_keepalives_interval") * await ms("tcp_keepalives_count");
  const timeout = await ms("tcp_user_timeout");
  await client.end();
  const { beat, answer } = TIMES;
  // It was last heard of up to a beat before it was cut off, and has ten seconds to close all.
  assertEquals(patience, 2 * beat + answer + 10_000);
  assertEquals(timeout, patience);
});

test("a server that cannot be reached: an error at once, and recovery", async (stage) => {
  const member = stage.member(1);
  stage.port = 1;
  const error = await failure(acquire(member));
  assertMatch(error.message, /^postgresQuota: cannot connect: .*ECONNREFUSED/);
  assert(error.cause instanceof Error);
  stage.port = 0;
  (await acquire(member)).release();
});

test("a server that does not answer: an error in time, and recovery", async (stage) => {
  await using link = await Link.to(stage.server.port);
  link.gate = 600_000;
  stage.port = link.port;
  const member = stage.member(1, QUICK);
  const error = await failure(acquire(member));
  assertEquals(error.message, "postgresQuota: cannot connect: Error: no session within 300 ms");
  stage.port = 0;
  (await acquire(member)).release();
});

test("client gives no session: the error says so", async () => {
  for (const given of [undefined, {}, { query() {} }, { Pool: 1 }]) {
    const quota = new PostgresEngine(1, "key", () => given, TIMES);
    const member = quota.attach(new FakePool());
    const { message } = await failure(acquire(member));
    assertMatch(message, /^postgresQuota: client must return a connected client of pg's shape/);
    await member[Symbol.asyncDispose]();
  }
});

test("one session for two quotas is refused", async (stage) => {
  const client = await stage.connect();
  const member = () =>
    stage.join(new PostgresEngine(1, stage.key, () => client, TIMES), new FakePool());
  const [one, two] = [member(), member()];
  await acquire(one);
  assertMatch((await failure(acquire(two))).message, /the session is shared/);
});

test("a session whose state was reset is no longer its own", async (stage) => {
  let client: Awaited<ReturnType<Stage["connect"]>>;
  const quota = new PostgresEngine(
    2,
    stage.key,
    async () => client = await stage.connect(),
    QUICK,
  );
  const member = stage.join(quota, new FakePool());
  const permit = await acquire(member);
  await client!.query("discard all");
  assertMatch(String(await loss(permit)), /the session is shared/);
  (await acquire(member)).release();
});

test("who is called and does not come delays others for a moment only", async (stage) => {
  const [holder, member] = [stage.member(1), stage.member(1)];
  const permit = await acquire(holder);
  // As a process that was stopped while it waited.
  const stopped = await stage.connect();
  const statements = new Statements(stage.key, 1, "stopped");
  await stopped.query(statements.setUp({ lock_timeout: "0" }));
  await stopped.query(statements.queueUp(undefined));
  const waits = acquire(member);
  await stage.queued(2);
  permit.release();
  const start = performance.now();
  const next = await waits;
  assert(performance.now() - start < 2_000);
  next.release();
  await stopped.end();
});

test("nothing is unhandled, whenever the sessions end", async (stage) => {
  const members = Array.from({ length: 4 }, () => stage.member(2));
  let over = false;
  let served = 0;
  const work = members.map(async (member) => {
    while (!over) {
      const permit = await acquire(member).catch(() => undefined);
      if (permit === undefined) continue;
      served++;
      await sleep(1);
      permit.release();
    }
  });
  for (let i = 0; i < 20; i++) {
    await sleep(i * 3);
    await stage.server.terminate();
  }
  over = true;
  await Promise.all(work);
  assert(served > 0);
  await soon(async () => await stage.taken() === 0, () => "places are left", 1_000);
  const permits = await Promise.all([acquire(members[0]!), acquire(members[1]!)]);
  for (const permit of permits) permit.release();
});

const bin = findPrograms();

Deno.test({
  name: `postgresQuota: a server that is started again${bin ? "" : " (skipped: no PostgreSQL)"}`,
  ignore: bin === undefined,
  async fn() {
    await using own = await OwnPostgres.start(bin!);
    await using server = await own.kind.open(20) as Postgres;
    await using stage = new Stage(server);
    stage.database = "postgres";
    await limited(() => restarted(own, stage));
  },
});

async function restarted(own: OwnPostgres, stage: Stage): Promise<void> {
  const members = Array.from({ length: 3 }, () => stage.member(2, CALLED_ONLY));
  const permits = await Promise.all(members.slice(0, 2).map((member) => acquire(member)));
  const waits = failure(acquire(members[2]!));
  await stage.queued(1);
  await own.stop("immediate");
  await Promise.all(permits.map(loss));
  assertMatch((await waits).message, /^postgresQuota: /);
  assertMatch((await failure(acquire(members[0]!))).message, /cannot connect/);
  await own.start();
  const next = await Promise.all(members.slice(0, 2).map((member) => acquire(member)));
  assertEquals(await stage.taken(), 2);
  for (const permit of [...permits, ...next]) permit.release();
  (await acquire(members[2]!)).release();
}

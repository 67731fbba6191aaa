// What postgresQuota costs: permits a second, how long one takes, and what PostgreSQL hears of 1, 10 and 100 processes.

// @ts-types="@types/pg"
import pg from "pg";
import type { Permit, QuotaMember } from "../../../pool/quota.ts";
import { postgresQuota } from "../../../quota/postgres.ts";
import { sleep } from "../../helpers/until.ts";
import { findPrograms, OwnPostgres } from "../servers/own_postgres.ts";

const SECONDS = 6;
/** Each process has a session, and one more asks for the counts. */
const SESSIONS = 120;

const never = new AbortController().signal;

/** Processes as PostgreSQL sees them: each has its own quota and session. */
class Crowd implements AsyncDisposable {
  readonly members: QuotaMember[] = [];
  /** How many statements were sent. */
  statements = 0;

  constructor(size: number, max: number, port: number) {
    const key = crypto.randomUUID();
    for (let i = 0; i < size; i++) {
      const client = async () => {
        const client = new pg.Client({
          host: "127.0.0.1",
          port,
          user: "root",
          database: "postgres",
        });
        const { query } = client;
        client.query = ((...args: unknown[]) => {
          this.statements++;
          return (query as (...args: unknown[]) => unknown).apply(client, args);
        }) as typeof client.query;
        await client.connect();
        return client;
      };
      const quota = postgresQuota({ max, key, client });
      this.members.push(quota.attach({ available: 0, reclaim: () => false }));
    }
  }

  /** All have a session, and the first permit is no connect. */
  async warm(): Promise<void> {
    for (const member of this.members) (await member.acquire({ signal: never })).release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
  }
}

function at(sorted: number[], share: number): number {
  return Number(sorted[Math.floor(sorted.length * share)]!.toFixed(1));
}

/** Each takes a permit, holds it for so many ms, and gives it back, again and again. */
async function turns(port: number, size: number, max: number, hold: number): Promise<void> {
  await using crowd = new Crowd(size, max, port);
  await crowd.warm();
  const waits: number[] = [];
  let goesOn = true;
  const before = crowd.statements;
  const begun = performance.now();
  const done = Promise.all(crowd.members.map(async (member) => {
    while (goesOn) {
      const asked = performance.now();
      const permit = await member.acquire({ signal: never });
      waits.push(performance.now() - asked);
      if (hold > 0) await sleep(hold);
      permit.release();
    }
  }));
  await sleep(SECONDS * 1_000);
  const seconds = (performance.now() - begun) / 1_000;
  const [permits, statements] = [waits.length, crowd.statements - before];
  goesOn = false;
  await done;
  waits.sort((a, b) => a - b);
  console.log(JSON.stringify({
    processes: size,
    max,
    "held, ms": hold,
    "permits/s": Math.round(permits / seconds),
    "statements/s": Math.round(statements / seconds),
    "median ms": at(waits, 0.5),
    "p99 ms": at(waits, 0.99),
  }));
}

/** Each has a permit, and keeps it. */
async function rest(port: number, size: number): Promise<void> {
  await using crowd = new Crowd(size, size, port);
  const permits: Permit[] = await Promise.all(
    crowd.members.map((member) => member.acquire({ signal: never })),
  );
  await sleep(1_000);
  const before = crowd.statements;
  await sleep(10_000);
  const statements = (crowd.statements - before) / 10;
  console.log(JSON.stringify({ processes: size, "statements/s while all hold one": statements }));
  for (const permit of permits) permit.release();
}

const bin = findPrograms();
if (bin === undefined) throw new Error("PostgreSQL is not installed");
{
  await using server = await OwnPostgres.start(bin, { connections: SESSIONS });
  const { port } = server.kind;
  for (const size of [1, 10, 100]) await turns(port, size, size, 0);
  for (const size of [10, 100]) await turns(port, size, size / 2, 0);
  for (const size of [10, 100]) await turns(port, size, size / 2, 100);
  for (const size of [1, 10, 100]) await rest(port, size);
}
Deno.exit();

// What redisQuota costs: permits a second, how long one takes, and what Redis hears of 1, 10 and 100 processes.

import type { Permit, QuotaMember } from "../../../pool/quota.ts";
import { redisQuota } from "../../../quota/redis.ts";
import { sleep } from "../../helpers/until.ts";
import { newClient, RedisStage } from "./redis_stage.ts";

const SECONDS = 4;
/** The default. */
const LEASE = 10_000;

const never = new AbortController().signal;

/** Processes as Redis sees them: each has its own quota and connections. */
class Crowd implements AsyncDisposable {
  readonly stage: RedisStage;
  readonly members: QuotaMember[] = [];
  readonly #clients: ReturnType<typeof newClient>[] = [];

  static async of(size: number, max: number): Promise<Crowd> {
    const stage = await RedisStage.of(LEASE);
    await stage.open("costs", LEASE);
    const crowd = new Crowd(stage);
    for (let i = 0; i < size; i++) await crowd.#add(max);
    return crowd;
  }

  private constructor(stage: RedisStage) {
    this.stage = stage;
  }

  async #add(max: number): Promise<void> {
    const client = newClient(this.stage.port);
    await client.connect();
    this.#clients.push(client);
    const quota = redisQuota({ max, key: "costs", client, lease: LEASE });
    this.members.push(quota.attach({ available: 0, reclaim: () => false }));
  }

  /** How many commands Redis has carried out. */
  async commands(): Promise<number> {
    const text = await this.stage.ask("INFO", "commandstats") as string;
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(text)?.[1] ?? 0);
  }

  /** How long Redis has worked on them, in µs each. */
  async each(): Promise<string> {
    const text = await this.stage.ask("INFO", "commandstats") as string;
    return /cmdstat_evalsha:.*usec_per_call=([\d.]+)/.exec(text)?.[1] ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member[Symbol.asyncDispose]()));
    for (const client of this.#clients) client.destroy();
    await this.stage[Symbol.asyncDispose]();
  }
}

/** Each takes a permit and gives it back, again and again. */
async function turns(size: number, max: number): Promise<void> {
  await using crowd = await Crowd.of(size, max);
  const waits: number[] = [];
  let goesOn = true;
  const before = await crowd.commands();
  const done = Promise.all(crowd.members.map(async (member) => {
    while (goesOn) {
      const begun = performance.now();
      const permit = await member.acquire({ signal: never });
      waits.push(performance.now() - begun);
      permit.release();
    }
  }));
  await sleep(SECONDS * 1_000);
  const [permits, commands] = [waits.length, await crowd.commands() - before];
  goesOn = false;
  await done;
  waits.sort((a, b) => a - b);
  console.log({
    processes: size,
    max,
    "permits/s": Math.round(permits / SECONDS),
    "median ms": Number(waits[waits.length >> 1]!.toFixed(2)),
    "p99 ms": Number(waits[Math.floor(waits.length * 0.99)]!.toFixed(2)),
    "commands a permit": Number((commands / permits).toFixed(2)),
    "µs of Redis a command": await crowd.each(),
  });
}

/** Each has a permit, and keeps it. */
async function rest(size: number): Promise<void> {
  await using crowd = await Crowd.of(size, size);
  const permits: Permit[] = await Promise.all(
    crowd.members.map((member) => member.acquire({ signal: never })),
  );
  const before = await crowd.commands();
  await sleep(10_000);
  const commands = await crowd.commands() - before;
  console.log({ processes: size, "commands/s while all hold one": commands / 10 });
  for (const permit of permits) permit.release();
}

for (const size of [1, 10, 100]) await turns(size, size);
for (const size of [10, 100]) await turns(size, size / 2);
for (const size of [1, 10, 100]) await rest(size);
Deno.exit();

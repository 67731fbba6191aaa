// A PostgreSQL of the test's own is down for seconds, and hundreds of callers ask again at once.

import { assert, assertEquals } from "@std/assert";
import { unhandledIn } from "../../helpers/unhandled.ts";
import { sleep } from "../../helpers/until.ts";
import { Bench, LENIENT } from "./bench.ts";
import { Load } from "./load.ts";
import { findPrograms, OwnPostgres } from "./own_postgres.ts";
import { probesIn } from "./probes.ts";
import type { Connection } from "./server.ts";
import { soon } from "./soon.ts";
import { timedAtOnce } from "./stopwatch.ts";

/** How long it is down, in ms. */
const DOWN = 5_000;
const USERS = 200;
const SIZE = 6;

/** How long a request keeps its connection, in ms: it waits more than it computes. */
const WORK = 20;

/** How long a connect takes at least, whatever comes of it, in ms. */
const GATE = 20;

/** How much longer than its work a busy machine may take for all of this, in ms. */
const PATIENCE = 1_000;

const bin = findPrograms();
const skipped = bin ? "" : " (skipped: no initdb of PostgreSQL is installed)";

Deno.test({
  name:
    `PostgreSQL: ${USERS} callers that ask again at once while it is down for ${DOWN / 1000} s` +
    `: few connects, one at a time, and all is well soon after it is back${skipped}`,
  ignore: bin === undefined,
  async fn() {
    assertEquals(await unhandledIn(outage), []);
  },
});

/** Of two services at once, which differ in how long they may rest. */
async function outage(): Promise<void> {
  await using own = await OwnPostgres.start(bin!);
  await using quick = await Service.open(own, 1_000);
  await using usual = await Service.open(own, 5_000);
  const services = [quick, usual];
  await sleep(500); // connected, and compiled
  await Promise.all(services.map((service) => service.measure()));
  const begun = performance.now();
  await own.stop("immediate");
  await Promise.all(services.map((service) => service.rests()));

  await sleep(DOWN);

  for (const service of services) service.isCalm(performance.now() - begun);
  await own.start();
  await Promise.all(services.map((service) => service.recovers()));
  for (const service of services) await service.end();
}

class Service implements AsyncDisposable {
  readonly #bench: Bench;
  readonly #load: Load;
  readonly #backoff: number;
  /** How many requests were answered in a second when all was well, and how many connects had come. */
  #rate = 0;
  #accepted = 0;

  static async open(own: OwnPostgres, createBackoff: number): Promise<Service> {
    const bench = await Bench.open(own.kind, {
      ...LENIENT,
      createBackoff,
      minSize: SIZE,
      maxSize: SIZE,
      timeout: 3 * DOWN,
    });
    return new Service(bench, createBackoff);
  }

  private constructor(bench: Bench, backoff: number) {
    this.#bench = bench;
    this.#backoff = backoff;
    const work = (connection: Connection) => connection.sleep(WORK);
    this.#load = new Load(bench.pool, USERS, { pause: 0, ask: (pool) => pool.use(work) });
  }

  async measure(): Promise<void> {
    this.#rate = await this.#answered(1_000);
    const { link } = this.#bench;
    assertEquals(this.#load.failures, []);
    assertEquals(link.accepted, SIZE);
    this.#accepted = link.accepted;
    link.gate = GATE;
    link.most = 0;
  }

  /** All wait, and nothing is attempted: only a pool that rests gets there while callers ask. */
  async rests(): Promise<void> {
    const { link, pool } = this.#bench;
    await soon(
      () => pool.size === 0 && pool.waiting === USERS,
      () => `it does not rest: ${link.accepted} connects, ${pool}`,
      DOWN,
    );
    assert(link.most <= SIZE, `${link.most} connects at once`);
    link.most = link.opening;
  }

  isCalm(ms: number): void {
    const { link } = this.#bench;
    const connects = link.accepted - this.#accepted;
    // What was under way when the first failed, what came after that at once, and probes.
    const most = 2 * SIZE + probesIn(ms, this.#backoff);
    assert(connects > 2 && connects <= most, `${connects} connects, ${most} are allowed`);
    assert(link.most <= 1, `${link.most} connects at once`);
    assert(this.#load.failures.length >= USERS, "who waits hears nothing");
  }

  /** Within one rest, and the time that it takes to connect, which may be twice: one, then all others. */
  async recovers(): Promise<void> {
    const { link, pool, server } = this.#bench;
    const { answers, failures } = this.#load;
    await soon(
      () => pool.using === SIZE && this.#load.answers >= answers + 2 * SIZE,
      () => `not back: ${pool}`,
      this.#backoff + PATIENCE,
    );
    const { length } = failures;
    const rate = await this.#answered(500);
    assert(rate > this.#rate / 3, `${rate} a second, ${this.#rate} before`);
    assertEquals(failures.slice(length), []);
    assert(link.most > 1 && link.most < SIZE, `${link.most} connects at once after the first`);
    assertEquals(await server.count(), SIZE);
  }

  async end(): Promise<void> {
    await this.#load.stop();
    await this.#bench.end();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const stopped = this.#load.stop(); // first, for nobody to ask again and again of a pool that has ended
    await this.#bench[Symbol.asyncDispose]().catch(() => {}); // the server may be down
    await stopped;
  }

  /** How many a second, in the next `ms`. */
  async #answered(ms: number): Promise<number> {
    const before = this.#load.answers;
    const [took = ms] = await timedAtOnce(1, () => sleep(ms));
    return (this.#load.answers - before) / took * 1_000;
  }
}

// Job queues over pgPool: 500 jobs each, while all sessions are killed under load.

import { EventEmitter } from "node:events";
import process from "node:process";
import {
  Logger,
  makeWorkerUtils,
  run,
  type RunnerOptions,
  type WorkerUtils,
} from "graphile-worker";
import { PgBoss } from "pg-boss";
import { killed, open, quiet, type Stage, type User } from "./pg_using.ts";
import { soon } from "./soon.ts";

const JOBS = 500;

/** What a worker sets when another test migrates its own schema of that database; it is started again. */
const MIGRATED = 57;

/** Also those that were under way when their session was killed: some are tried again after seconds. */
async function allDone(done: Set<number>): Promise<void> {
  const left = () => Array.from({ length: JOBS }, (_, n) => n).filter((n) => !done.has(n));
  await soon(() => left().length === 0, () => `${left()} are not done`, 30_000);
}

/** A worker that stops when it cannot note that a job is done: it is started again, as supervisors do. */
class Supervised implements AsyncDisposable {
  readonly done: Set<number> = new Set();
  readonly #options: RunnerOptions;
  readonly #utils: WorkerUtils;
  #stop = () => Promise.resolve();
  #over = false;
  readonly #ended: Promise<void>;

  constructor(options: RunnerOptions, utils: WorkerUtils) {
    this.#options = {
      ...options,
      concurrency: 4,
      pollInterval: 50,
      noHandleSignals: true,
      // Without these a job that cannot be noted as done is an unhandled rejection, whatever the pool.
      preset: { worker: { completeJobBatchDelay: 0, failJobBatchDelay: 0 } },
      taskList: {
        add: async (payload, { query }) => {
          await query("select 1");
          this.done.add((payload as { n: number }).n);
        },
      },
    };
    this.#utils = utils;
    this.#ended = this.#run();
  }

  async #run(): Promise<void> {
    while (!this.#over) {
      const events = new EventEmitter() as NonNullable<RunnerOptions["events"]>;
      const ids: string[] = [];
      events.on("pool:create", ({ workerPool }) => ids.push(workerPool.id));
      const runner = await run({ ...this.#options, events });
      this.#stop = () => runner.stop();
      await runner.promise.catch(() => {});
      await this.#utils.forceUnlockWorkers(ids);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true;
    await this.#stop();
    await this.#ended;
  }
}

async function withGraphileWorker(stage: Stage): Promise<void> {
  const pool = open(stage, { maxSize: 6 });
  const logger = new Logger(() => () => {});
  const options = { pgPool: pool, logger, schema: `${stage.config.user}_worker` };
  const utils = await makeWorkerUtils(options);
  await utils.migrate();
  {
    await using worker = new Supervised(options, utils);
    const jobs = Array.from({ length: JOBS }, (_, n) => ({ identifier: "add", payload: { n } }));
    await utils.addJobs(jobs);
    await killed(stage, pool, () => utils.addJob("add", { n: JOBS }));
    await allDone(worker.done);
  }
  await utils.release();
  await quiet(pool);
  await pool.end();
  if (process.exitCode === MIGRATED) process.exitCode = 0;
}

async function withPgBoss(stage: Stage): Promise<void> {
  const pool = open(stage);
  const boss = new PgBoss({
    db: { executeSql: (text, values) => pool.query(text, values) },
    schema: `${stage.config.user}_boss`,
  });
  boss.on("error", () => {}); // its own sessions are killed, too
  await boss.start();
  await boss.createQueue("numbers");
  const done = new Set<number>();
  await boss.work<{ n: number }>(
    "numbers",
    { batchSize: 50, pollingIntervalSeconds: 0.5 },
    (jobs) => {
      for (const { data: { n } } of jobs) done.add(n);
      return Promise.resolve();
    },
  );
  await boss.insert("numbers", Array.from({ length: JOBS }, (_, n) => ({ data: { n } })));
  await killed(stage, pool, () => boss.send("numbers", { n: JOBS }));
  await allDone(done);
  await boss.stop({ graceful: false, close: false });
  await quiet(pool);
  await pool.end();
}

export const QUEUES: Record<string, User> = {
  "graphile-worker": withGraphileWorker,
  "pg-boss": withPgBoss,
};

// Worker threads, each lent to one task: for work that would block the event loop.
//
// They are threads of node:worker_threads. Deno, Node and Bun have these, and they emit an event when
// they end. A Web Worker that closes itself emits none.
//
// Run it: npm install @x/proxypool && node threads.ts (or deno run -A, or bun)
// It needs threads_worker.ts beside it.

import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { type CreateContext, Pool } from "@x/proxypool";
import type { Answer, Job } from "./threads_worker.ts";

/** A thread, and who waits for its answers. */
export class Thread {
  readonly #over = new Int32Array(new SharedArrayBuffer(4));
  readonly #worker = new Worker(new URL("./threads_worker.ts", import.meta.url), {
    workerData: this.#over,
  });
  readonly #waiting = new Map<number, PromiseWithResolvers<number>>();
  readonly name = `thread ${this.#worker.threadId}`;
  #requests = 0;
  #end: Error | undefined;

  /** Resolves once the thread answers; one that does not in time is no burden to anybody. */
  static async open({ signal, invalidate }: CreateContext): Promise<Thread> {
    const thread = new Thread();
    try {
      await thread.ask("ping", 0, signal);
      thread.#worker.on("exit", () => invalidate("it has exited"));
      return thread;
    } catch (error) {
      await thread.terminate();
      throw error;
    }
  }

  constructor() {
    this.#worker.on("message", (answer: Answer) => this.#settle(answer));
    this.#worker.on("error", (error: Error) => this.#ended(error));
    this.#worker.on("exit", (code) => this.#ended(new Error(`the thread has exited: ${code}`)));
  }

  /** Several at once are fine. When `signal` aborts, nobody waits any more, yet the thread goes on. */
  async ask(job: Job, n: number, signal?: AbortSignal): Promise<number> {
    signal?.throwIfAborted();
    this.#check();
    const asked = Promise.withResolvers<number>();
    const giveUp = () => asked.reject(signal?.reason);
    signal?.addEventListener("abort", giveUp, { once: true });
    const id = ++this.#requests;
    this.#waiting.set(id, asked);
    this.#worker.postMessage({ id, job, n });
    return await asked.promise.finally(() => signal?.removeEventListener("abort", giveUp));
  }

  /** Throws unless it lives and has nothing to do. */
  checkIdle(): void {
    this.#check();
    if (this.#waiting.size > 0) throw new Error("the thread is busy for somebody who has gone");
  }

  /** Ends it, whatever it is doing: Deno does not interrupt a loop, which therefore looks at `#over`. */
  async terminate(): Promise<void> {
    Atomics.store(this.#over, 0, 1);
    await this.#worker.terminate();
  }

  #check(): void {
    if (this.#end) throw new Error("the thread has ended", { cause: this.#end });
  }

  #settle(answer: Answer): void {
    const asked = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ("error" in answer) asked?.reject(answer.error);
    else asked?.resolve(answer.value);
  }

  #ended(error: Error): void {
    this.#end ??= error;
    for (const asked of this.#waiting.values()) asked.reject(this.#end);
    this.#waiting.clear();
  }
}

/** A pool of threads. */
export function threads(maxSize = availableParallelism()): Pool<Thread> {
  return new Pool((_n, context) => Thread.open(context), {
    maxSize, //               more would only take turns on the same cores
    timeout: 30_000, //       a longer queue means that there is too much to do
    createTimeout: 5_000, //  a thread starts in some 50 ms
    health: (thread) => thread.ask("ping", 0).then((n) => n === 0),
    healthAfter: 0, //        a ping takes less than 0.1 ms, and a dead thread answers nobody
    hookTimeout: 1_000, //    an idle thread that takes longer hangs
    retter: (thread) => thread.checkIdle(), // also finds those that crashed while lent
    discardOnError: (error) => error instanceof DOMException, // aborted: it is still at work
    closer: (thread) => thread.terminate(),
    tracer: ({ name }) => name,
  });
}

if (import.meta.main) {
  await using pool = threads(); // shut down at the end: no thread is left
  const count = (n: number) => pool.use((thread) => thread.ask("primes", n));
  console.log("primes:", await Promise.all([1e5, 2e5, 3e5, 4e5].map(count)));
  await count(-1).catch((error) => console.log(`asked for nonsense: ${error}`));

  // Aborted in the middle of it: the thread is discarded, which ends the work.
  const signal = AbortSignal.timeout(100);
  await pool.use((thread, { signal }) => thread.ask("primes", 1e9, signal), { signal })
    .catch(({ name }) => console.log(`asked for too much: ${name}`));
  await pool.shutdown(); // waits for the callback, too
  const { created, discarded, using } = pool.stats();
  console.log(`${created} threads made, ${discarded} discarded, ${using} in use`);
}

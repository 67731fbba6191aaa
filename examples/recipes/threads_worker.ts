// The thread of threads.ts: it does the work of each request, and answers with the id of the request.

import { parentPort, workerData } from "node:worker_threads";

const jobs = {
  ping: (n: number): number => n,

  /** How many primes there are below `n`, the slow way: yours renders, hashes, compresses. */
  primes(n: number): number {
    if (!(n >= 0)) throw new RangeError(`no primes below ${n}`);
    let count = 0;
    for (let candidate = 2; candidate < n && !isOver(); candidate++) {
      if (isPrime(candidate)) count++;
    }
    return count;
  },

  /** A bug that nothing catches, in `ms`: it ends the thread. */
  crash(ms: number): number {
    setTimeout(() => {
      throw new Error("a bug in the thread");
    }, ms);
    return ms;
  },
};

export type Job = keyof typeof jobs;
export type Request = { id: number; job: Job; n: number };
export type Answer = { id: number; value: number } | { id: number; error: unknown };

/** Whether the thread is being ended, and nobody waits for what it does. */
function isOver(): boolean {
  return Atomics.load(workerData as Int32Array, 0) === 1;
}

function isPrime(n: number): boolean {
  for (let factor = 2; factor * factor <= n; factor++) if (n % factor === 0) return false;
  return true;
}

function answer({ id, job, n }: Request): Answer {
  try {
    return { id, value: jobs[job](n) };
  } catch (error) {
    return { id, error }; // the request's fault: the thread goes on
  }
}

parentPort?.on("message", (request: Request) => parentPort?.postMessage(answer(request)));

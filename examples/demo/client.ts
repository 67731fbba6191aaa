// The load: asks the service, so many requests at a time, and checks and times each answer.

import type { Answer } from "./queries.ts";

export interface Load {
  requests: number;
  concurrency: number;
  /** After which no more are sent. */
  seconds: number;
  signal: AbortSignal;
  progress(done: number): void;
}

export interface Measured {
  seconds: number;
  /** Milliseconds of each right answer. */
  latencies: number[];
  errors: Error[];
}

export async function drive(url: string, load: Load): Promise<Measured> {
  const latencies: number[] = [];
  const errors: Error[] = [];
  const started = performance.now();
  let sent = 0;
  // An outage shows soon: no need to wait for the timeout of every request.
  const goOn = () =>
    sent < load.requests && secondsSince(started) < load.seconds &&
    errors.length < load.concurrency;
  const worker = async () => {
    while (goOn() && !load.signal.aborted) {
      const n = sent++ % 1_000;
      const asked = performance.now();
      const error = await ask(url, n, load.signal).catch((error: Error) => error);
      if (error) errors.push(error);
      else latencies.push(performance.now() - asked);
      load.progress(latencies.length + errors.length);
    }
  };
  await Promise.all(Array.from({ length: load.concurrency }, worker));
  load.signal.throwIfAborted();
  return { seconds: secondsSince(started), latencies, errors };
}

/** One request; rejects unless the answer is right. */
export async function ask(url: string, n: number, signal: AbortSignal): Promise<void> {
  const response = await fetch(`${url}/sum/${n}`, { signal });
  const body = await response.text();
  if (!response.ok) throw new Error(`${response.status} ${body}`);
  const { sum, transactions } = JSON.parse(body) as Answer;
  // A wrong sum: two requests shared a connection at once.
  if (sum !== n * (n + 1) / 2) throw new Error(`the sum to ${n} is not ${sum}`);
  const [first, ...others] = transactions;
  if (others.every((other) => other === first)) return;
  throw new Error(`one request, several transactions: ${transactions.join(" and ")}`);
}

function secondsSince(started: number): number {
  return (performance.now() - started) / 1_000;
}

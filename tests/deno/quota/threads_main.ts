// The main thread of a process whose threads share a quota: starts and ends them as it is told, line by line.

import process from "node:process";
import { createInterface } from "node:readline";
import { Worker as NodeWorker } from "node:worker_threads";
import { threadQuota, threadQuotaBuffer } from "../../../quota/threads.ts";
import type { Load, Order } from "./threads_worker.ts";

/** What it is told on its command line, as JSON. */
export interface MainConfig {
  kind: "node" | "web";
  worker: string;
  monitor: number;
  max: number;
}

/** What it is told later, a line each; it answers each by a line. */
export type Command =
  | { start: string; load: Load }
  | { tell: string; order: Order }
  | { terminate: string }
  | { used: true };

/** A Web Worker, by what is used of it. */
interface WebWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  addEventListener(type: string, listener: (event: { data?: unknown } & Event) => void): void;
}
type WebWorkers = { Worker: new (url: URL, options: { type: "module" }) => WebWorker };

const { kind, worker, monitor, max } = JSON.parse(process.argv.at(-1)!) as MainConfig;
const buffer = threadQuotaBuffer(max);
const quota = threadQuota({ max, buffer });
const threads = new Map<string, { postMessage(message: unknown): void; terminate(): unknown }>();
const ended = new Map<string, (report: unknown) => void>();

function start(name: string, load: Load): void {
  const url = new URL(worker);
  const heard = (data: unknown) => ended.get(name)?.((data as { report: unknown }).report);
  if (kind === "node") {
    const thread = new NodeWorker(url);
    thread.on("message", heard);
    thread.on("error", () => {});
    threads.set(name, thread);
  } else {
    const { Worker } = globalThis as unknown as WebWorkers;
    const thread = new Worker(url, { type: "module" });
    thread.addEventListener("message", ({ data }) => heard(data));
    thread.addEventListener("error", (event) => event.preventDefault());
    threads.set(name, thread);
  }
  threads.get(name)!.postMessage({ ...load, name, monitor, max, buffer });
}

async function obey(command: Command): Promise<unknown> {
  if ("start" in command) return start(command.start, command.load);
  if ("used" in command) return quota.used;
  if ("terminate" in command) return void threads.get(command.terminate)!.terminate();
  const { tell, order } = command;
  const report = new Promise((resolve) => ended.set(tell, resolve));
  threads.get(tell)!.postMessage(order);
  if (order !== "end") return;
  const told = await report;
  threads.get(tell)!.terminate();
  return told;
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  void obey(JSON.parse(line)).then((answer) => console.log(JSON.stringify({ answer })));
});
lines.on("close", () => process.exit());
console.log("{}");

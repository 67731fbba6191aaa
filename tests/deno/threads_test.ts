// Real threads, of every runtime that the suite has fetched: each has its own object, and its own end.

import { assertEquals } from "@std/assert";
import { printed, type Runner, runners } from "../helpers/program.ts";

/** What each thread does: it is asked for its object, then to end, and tells what it has seen. */
const THREAD = `
import { Proxy } from "proxypool";
import { scopes } from "proxypool/scopes";

const closed = [];
let made = 0;
const proxies = [scopes.thread, "thread", undefined].map((scope) =>
  new Proxy({
    fun: () => ({ made: ++made, key: crypto.randomUUID(), add(n) { return this.made + n; } }),
    closer: ({ made }) => void closed.push(made),
    scope,
  })
);

export async function answer(question) {
  if (question === "end") await scopes.thread.open().end();
  const keys = question === "keys" ? proxies.flatMap((proxy) => [proxy.key, proxy.key]) : [];
  await null;
  const same = keys.every((key, i) => key === proxies[i >> 1].key);
  return { made, closed, keys: [...new Set(keys)], same };
}
`;

/** The main thread asks the others, which run the same program. */
const MAIN = `
import { answer } from "./thread.ts";
import { answers, isMain, start } from "./threads.ts";

if (!isMain) answers(answer);
else {
  const threads = [{ ask: answer, stop() {} }, start(), start(), start()];
  const ask = (question) => Promise.all(threads.map((thread) => thread.ask(question)));
  const keys = (await ask("keys")).map((told) => told);
  const again = await ask("keys");
  const [one] = [await threads[1].ask("end")];
  const others = await Promise.all([0, 2, 3].map((i) => threads[i].ask("count")));
  console.log(JSON.stringify({
    made: keys.map(({ made }) => made),
    own: new Set(keys.flatMap(({ keys }) => keys)).size,
    same: [...keys, ...again].every(({ same }) => same) &&
      keys.every(({ keys }, i) => keys.join() === again[i].keys.join()),
    closed: [one, ...others].map(({ closed }) => closed.length),
  }));
  for (const thread of threads) await thread.stop();
}
`;

/** Those of the web: Deno, Bun. */
const WEB_WORKERS = `
const { Bun } = globalThis;
export const isMain = Bun ? Bun.isMainThread : typeof DedicatedWorkerGlobalScope === "undefined" ||
  !(self instanceof DedicatedWorkerGlobalScope);

export function answers(answer) {
  self.onmessage = async ({ data }) => self.postMessage(await answer(data));
}

export function start() {
  const worker = new Worker(new URL(import.meta.url), { type: "module" });
  const ask = (question) => new Promise((resolve, reject) => {
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = reject;
    worker.postMessage(question);
  });
  return { ask, stop: () => worker.terminate() };
}
`;

/** Node's: Node, and Deno and Bun too. */
const NODE_WORKERS = `
import { isMainThread, parentPort, Worker } from "node:worker_threads";
export const isMain = isMainThread;

export function answers(answer) {
  parentPort.on("message", async (question) => parentPort.postMessage(await answer(question)));
}

export function start() {
  const worker = new Worker(new URL(import.meta.url));
  const ask = (question) => new Promise((resolve, reject) => {
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.postMessage(question);
  });
  return { ask, stop: () => worker.terminate() };
}
`;

const KINDS: [string, string, (runner: Runner) => boolean][] = [
  ["web Workers", WEB_WORKERS, ({ label }) => !label.startsWith("node")],
  ["node:worker_threads", NODE_WORKERS, () => true],
];

for (const [kind, threads, takes] of KINDS) {
  for (const runner of runners().filter(takes)) {
    const name = `${runner.label}: ${kind} each have their own object`;
    Deno.test({ name, ignore: !runner.there }, async () => {
      const told = JSON.parse(await printed(runner, { main: MAIN, thread: THREAD, threads }));
      assertEquals(told, {
        made: [3, 3, 3, 3],
        own: 12,
        same: true,
        closed: [3, 0, 0, 0],
      });
    });
  }
}

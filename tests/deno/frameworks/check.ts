// The load on a server with the middleware: many requests at once, each to have one object throughout.

import { Proxy } from "../../../mod.ts";
import type { Frame } from "../../../scopes/mod.ts";

export interface Server {
  port: number;
  close(): unknown;
}

const SIZE = 8;
const REQUESTS = 200;
/** Has a body come in several pieces: whoever waits for the last must not lose the frame by that. */
const PADDING = "x".repeat(90_000);

class Thing {
  user: number | undefined;
  readonly #n: number;

  constructor(n: number) {
    this.#n = n;
  }

  /** For the request `id`, which alone may use it until it is given back. */
  use(id: number): number {
    if (this.user !== undefined && this.user !== id) {
      throw new Error(`${id} has the thing of ${this.user}`);
    }
    this.user = id;
    return this.#n;
  }
}

const things = new Proxy<Thing>({
  fun: (n) => new Thing(n),
  retter: (thing) => void (thing.user = undefined),
  maxSize: SIZE,
});

/** What a request does: nothing is passed from the one function to the other. */
export async function work({ id }: { id: number }): Promise<number[]> {
  const first = await one(id);
  await delay(Math.random() * 5);
  if (fails(id)) throw new Error("as it should");
  return [first, await other(id)];
}

function one(id: number): Promise<number> {
  return things.use(id);
}

function other(id: number): Promise<number> {
  return things.use(id);
}

/** A body that is still being made when the handler has returned; `frame`: if it would end by that. */
export function streamed({ id }: { id: number }, frame?: Frame): ReadableStream<Uint8Array> {
  const { readable, writable } = new TransformStream<Uint8Array>();
  const writer = writable.getWriter();
  // A request that was aborted has nobody left to read it.
  const done = write(writer, id).catch((error) => writer.abort(error));
  frame?.waitUntil(done);
  return readable;
}

async function write(writer: WritableStreamDefaultWriter<Uint8Array>, id: number): Promise<void> {
  const text = new TextEncoder();
  await writer.write(text.encode(`[${await one(id)},`));
  await delay(5);
  await writer.write(text.encode(`${await other(id)}]`));
  await writer.close();
}

/** Sends the requests, and ends the process: with an error, if anything is not as it should be. */
export async function check({ port, close }: Server): Promise<void> {
  const post = (path: string, id: number, signal?: AbortSignal) =>
    fetch(`http://127.0.0.1:${port}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ id, padding: PADDING }),
      ...(signal && { signal }),
    });
  await Promise.all(ids(1000, 20).map((id) => aborted(post, id)));
  await Promise.all([
    ...ids(1, REQUESTS).map(async (id) => judge(id, await post("/work", id), fails(id))),
    ...ids(2000, 40).map(async (id) => judge(id, await post("/stream", id))),
  ]);
  await allBack();
  await close();
  console.log("ok");
  (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(0);
}

function ids(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

function fails(id: number): boolean {
  return id % 10 === 0;
}

async function aborted(post: Post, id: number): Promise<void> {
  const path = id % 2 ? "/work" : "/stream";
  await post(path, id, AbortSignal.timeout(2)).then((response) => response.text()).catch(() => {});
}

type Post = (path: string, id: number, signal?: AbortSignal) => Promise<Response>;

async function judge(id: number, response: Response, failing = false): Promise<void> {
  const text = await response.text();
  if (failing) return assert(response.status === 500, `${id}: ${response.status} ${text}`);
  assert(response.ok, `${id}: ${response.status} ${text}`);
  const [first, second] = JSON.parse(text);
  assert(typeof first === "number" && first === second, `${id} had ${text}`);
}

/** The end of a response reaches the client a little before it reaches the server's own listeners. */
async function allBack(): Promise<void> {
  const pool = things._pool!;
  for (let tries = 0; pool.using > 0 && tries < 100; tries++) await delay(10);
  const { using, size, leaked, killed, discarded, doubleReturns } = pool.stats();
  const stats = JSON.stringify({ using, size, leaked, killed, discarded, doubleReturns });
  assert(using + leaked + killed + discarded + doubleReturns === 0 && size <= SIZE, stats);
}

function assert(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

// A failure that nobody handles is reported exactly as it would be without a lease or a proxy.

import { assertEquals } from "@std/assert";
import { Pool, Proxy } from "../../mod.ts";
import { flow } from "../helpers/flow.ts";
import { idle, rejection } from "../helpers/pool.ts";

class Client {
  fail(what: string): Promise<never> {
    return Promise.reject(what);
  }
}

/** What is reported while `fn` runs, and shortly afterwards. */
async function reported(fn: () => unknown): Promise<unknown[]> {
  const all: unknown[] = [];
  const hear = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    all.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", hear);
  await fn();
  await idle();
  globalThis.removeEventListener("unhandledrejection", hear);
  return all;
}

/** Both ways to call one. */
const WAYS: Record<string, (use: (client: Client) => unknown) => Promise<unknown>> = {
  async "a lease"(use) {
    await using pool = new Pool(() => new Client());
    await using lease = await pool.get();
    await use(lease);
  },
  async "a proxy"(use) {
    const proxy = new Proxy({ fun: () => new Client(), maxSize: 1, scope: flow });
    await flow.run(async () => {
      await use(proxy);
      await proxy._getObj();
      await use(proxy); // there is an object by now
    });
    await proxy._pool!.shutdown();
  },
  async "a frame"(use) {
    const frame = flow.open();
    await frame.run(() => use(new Client()));
    await frame.end();
  },
};

for (const [name, way] of Object.entries(WAYS)) {
  const times = name === "a proxy" ? 2 : 1;

  Deno.test(`a call through ${name}: a failure that is handled is not reported`, async () => {
    assertEquals(
      await reported(() =>
        way(async (client) => void assertEquals(await rejection(client.fail("x")), "x"))
      ),
      [],
    );
  });

  Deno.test(`a call through ${name}: one that is not is reported once`, async () => {
    const all = await reported(() =>
      way(async (client) => {
        void client.fail("x");
        await idle();
      })
    );
    assertEquals(all, Array(times).fill("x"));
  });
}

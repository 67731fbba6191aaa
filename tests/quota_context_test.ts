// A quota is called in nobody's asynchronous context.

import { AsyncLocalStorage } from "node:async_hooks";
import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { KeyedPool } from "../quota/keyed.ts";
import type { Quota } from "../quota/mod.ts";
import { rejection, Thing } from "./helpers/pool.ts";
import { sleep, until } from "./helpers/until.ts";

const request = new AsyncLocalStorage<string>();

describe("the context of a request", () => {
  it("is not shown to the quota of a pool", async () => {
    const seen: string[] = [];
    const called = new Set<string>();
    const see = (where: string) => {
      called.add(where);
      const store = request.getStore();
      if (store !== undefined) seen.push(`${where} sees ${store}`);
    };
    let full = false;
    const quota: Quota = {
      attach: () => {
        see("attach");
        return {
          acquire: async ({ signal }) => {
            see("acquire");
            const aborted = new Promise<never>((_, reject) =>
              signal.addEventListener("abort", () => {
                see("abort");
                reject(signal.reason);
              })
            );
            await (full ? aborted : sleep(1));
            see("acquire, later");
            return { release: () => see("release") };
          },
          yields: () => (see("yields"), false),
          [Symbol.asyncDispose]: () => Promise.resolve(see("dispose")),
        };
      },
    };
    const pool = new Pool((n) => new Thing(n), { quota, maxUse: 3 });
    await request.run("A", async () => {
      for (let i = 0; i < 4; i++) await pool.use(() => {});
      full = true;
      await pool.use(() => rejection(pool.get({ timeout: 1 })));
    });
    await request.run("B", () => pool.shutdown());
    assertEquals(seen, []);
    assertEquals(
      [...called].sort(),
      ["abort", "acquire", "acquire, later", "attach", "dispose", "release", "yields"],
    );
  });

  it("is not shown to what a keyed pool makes, and is there again in who has waited", async () => {
    const seen: unknown[] = [];
    await using pool = new KeyedPool((key: string) => {
      seen.push(request.getStore());
      return { key };
    }, { maxSize: 1, maxKeys: 1 });
    const lease = await request.run("A", () => pool.get("a"));
    const waited = request.run("B", async () => {
      const within = await pool.use("b", () => request.getStore());
      return [within, request.getStore()];
    });
    await request.run("C", () => pool.ret(lease));
    assertEquals(await waited, ["B", "B"]);
    assertEquals(seen, [undefined, undefined]);
    await until(() => pool.using === 0, "all are back");
  });
});

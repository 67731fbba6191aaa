// A permit that its quota takes for lost before its signal aborts: its object is not lent again.

import { assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import type { Permit, Quota } from "../pool/quota.ts";
import { type Thing, Workshop } from "./helpers/pool.ts";
import { TestPool } from "./helpers/test_pool.ts";

/** Gives permits whose signal can be told to have aborted without a word. */
function silent() {
  const aborted = new AbortController();
  aborted.abort();
  const state = { lost: false };
  const permit = (): Permit => {
    const { signal } = new AbortController();
    return {
      get lost() {
        return state.lost ? aborted.signal : signal;
      },
      release() {},
    };
  };
  const quota: Quota = {
    attach: () => ({
      acquire: () => Promise.resolve(permit()),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    }),
  };
  return { quota, state };
}

describe("a permit that is lost before its signal aborts", () => {
  it("has an available object closed instead of lent", async () => {
    const { quota, state } = silent();
    const workshop = new Workshop();
    await using pool = new TestPool<Thing>(workshop.fun, { quota, closer: workshop.closer });
    await pool.ret(await pool.get());
    state.lost = true;
    const next = pool.get();
    state.lost = false;
    assertEquals((await next).id, 1);
    assertEquals([workshop.closed, pool.stats().killed], [[0], 1]);
  });

  it("has an object closed that comes back, though somebody waits for it", async () => {
    const { quota, state } = silent();
    const workshop = new Workshop();
    const options = { quota, closer: workshop.closer, maxSize: 1 };
    await using pool = new TestPool<Thing>(workshop.fun, options);
    const lease = await pool.get();
    const next = pool.get();
    state.lost = true;
    await pool.ret(lease);
    state.lost = false;
    assertEquals((await next).id, 1);
    assertEquals([workshop.closed, pool.stats().killed], [[0], 1]);
  });
});

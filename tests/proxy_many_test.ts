// 10 000 concurrent scopes over 10 objects: none crossed, none left out, the pool whole at the end.

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, Proxy } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { sum } from "./helpers/pool.ts";

const SCOPES = 10_000;
const OBJECTS = 10;

/** Knows who uses it, and says so if two do. */
class Connection {
  readonly n: number;
  holder: number | undefined;

  constructor(n: number) {
    this.n = n;
  }

  /** Each call of `who` must find the connection its own, also after it has waited. */
  async use(who: number): Promise<number> {
    this.holder ??= who;
    this.#check(who);
    await null;
    this.#check(who);
    return this.n;
  }

  #check(who: number): void {
    assertEquals(this.holder, who, `connection ${this.n} is used by two`);
  }
}

/** Whose object it is, found by the flow alone. */
interface Scoped {
  use(who: number): Promise<number>;
  _getObj(): Promise<Connection>;
}

async function request(db: Scoped, who: number): Promise<number> {
  const n = await db.use(who);
  if (who % 3 === 0) await null;
  const both = await Promise.all([db.use(who), db.use(who)]);
  if (who % 100 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  assertEquals([...both, await db.use(who)], [n, n, n], `scope ${who} is on one connection`);
  if (who % 7 === 0) throw new Error("mine");
  return n;
}

describe("10 000 concurrent scopes over 10 objects", () => {
  it("each runs on the one that it holds, alone, and then gives it back", async () => {
    const db = new Proxy({
      fun: (n) => new Connection(n),
      retter: (connection) => void (connection.holder = undefined),
      scope: flow,
      maxSize: OBJECTS,
    });
    const ends = await Promise.allSettled(
      Array.from({ length: SCOPES }, (_, who) => flow.run(() => request(db, who))),
    );
    const failed = ends.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    const other = failed.find(({ reason }) => reason.message !== "mine");
    assertEquals(other?.reason, undefined);
    assertEquals(failed.length, Math.ceil(SCOPES / 7));
    const pool = db._pool!;
    const { gets, returned, created } = pool.stats();
    assertEquals([gets, returned, created], [SCOPES, SCOPES, OBJECTS]);
    assertEquals([pool.size, pool.available, pool.using, pool.waiting], [OBJECTS, OBJECTS, 0, 0]);
    assertEquals(sum(pool).accounted, created);
    await pool.shutdown();
  });

  it("first come, first served, though some give up", async () => {
    const db = new Proxy({ fun: (n) => new Connection(n), scope: flow, maxSize: OBJECTS });
    const aborting = new AbortController();
    const served: number[] = [];
    const ends = Array.from({ length: SCOPES }, (_, who) =>
      flow.run(async () => {
        const given = await db._getObj(who % 2 ? { signal: aborting.signal } : undefined);
        if (who === 0) aborting.abort("enough");
        served.push(who);
        assertStrictEquals(Pool.unwrap(await db._getObj()), Pool.unwrap(given));
      }));
    const outcomes = await Promise.allSettled(ends);
    const gone = outcomes.filter(({ status }) => status === "rejected") as PromiseRejectedResult[];
    assert(gone.every(({ reason }) => reason === "enough"));
    assertEquals(gone.length + served.length, SCOPES);
    assertEquals(served.filter((who) => who % 2 === 0).length, SCOPES / 2);
    assertEquals(served, served.toSorted((a, b) => a - b));
    const pool = db._pool!;
    assertEquals([pool.size, pool.using, pool.waiting], [OBJECTS, 0, 0]);
    await pool.shutdown();
  });
});

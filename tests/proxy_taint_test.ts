// A frame that fails, or in which a call through the proxy failed, gives its object back as use does then.

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type PooledOptions, Proxy } from "../mod.ts";
import { type Frame, type Scope, shared, thread, workers } from "../scopes/mod.ts";
import { errorsOf, flow } from "./helpers/flow.ts";
import { deferred, idle, rejection } from "./helpers/pool.ts";

const failure = new RangeError("as it is");

class Client {
  readonly n: number;
  constructor(n: number) {
    this.n = n;
  }
  works(): number {
    return this.n;
  }
  throws(): never {
    throw failure;
  }
  rejects(error: unknown = failure): Promise<never> {
    return Promise.reject(error);
  }
  async later(): Promise<never> {
    await null;
    throw failure;
  }
  lazily(): PromiseLike<number> {
    return { then: (_, failed) => Promise.reject(failure).then(null, failed) };
  }
}

/** Of a pool of one place. */
function clients(options: Partial<PooledOptions<Client>> = {}) {
  return new Proxy({
    fun: (n) => new Client(n),
    maxSize: 1,
    scope: flow,
    logLevel: "silent",
    ...options,
  });
}

type Clients = ReturnType<typeof clients>;

/** What has become of the objects that frames took. */
async function fate(db: Clients): Promise<string> {
  const { returned, discarded, using } = db._pool!.stats();
  await db._pool!.shutdown();
  return `${returned} returned, ${discarded} discarded, ${using} in use`;
}

const RETURNED = "1 returned, 0 discarded, 0 in use";
const DISCARDED = "0 returned, 1 discarded, 0 in use";

const caught = async (promise: Promise<unknown>) =>
  assertStrictEquals(await rejection(promise), failure);

/** What a frame does, which is told nothing of what it catches itself. */
const DOINGS: Record<string, [string, (db: Clients) => unknown]> = {
  "works": [RETURNED, (db) => db.works()],
  "has a call that throws, first": [DISCARDED, (db) => caught(db.throws())],
  "has a call that throws, when it has its object": [DISCARDED, async (db) => {
    await db.works();
    await caught(db.throws());
  }],
  "has a call that rejects": [DISCARDED, async (db) => {
    await caught(db.rejects());
    await caught(db.rejects());
    assertEquals(await db.works(), 0); // the same object until the end
  }],
  "has a call whose thenable fails": [DISCARDED, (db) => caught(db.lazily() as Promise<number>)],
  "has a call of its lease that fails": [DISCARDED, async (db) => {
    await caught((await db._getObj()).rejects());
  }],
  "has a call in a block of _obj() that fails": [DISCARDED, async (db) => {
    await using client = await db._obj();
    await caught(client.rejects());
    assertThrows(() => client.throws(), RangeError);
  }],
  "gives back early after a call that failed": [DISCARDED, async (db) => {
    await caught(db.rejects());
    await db._retObj();
    assertEquals(db._pool!.stats().discarded, 1);
  }],
  "calls what is no method": [RETURNED, async (db) => {
    await rejection((db as unknown as { none(): Promise<void> }).none());
    assertEquals(await db.works(), 0);
  }],
};

describe("a frame with an object of a pool", () => {
  for (const [what, [then, doing]] of Object.entries(DOINGS)) {
    it(`that ${what}: ${then}`, async () => {
      const db = clients();
      await flow.run(async () => void await doing(db));
      assertEquals(await fate(db), then);
    });

    it(`that ${what}, and then throws`, async () => {
      const db = clients();
      await caught(flow.run(async () => {
        await doing(db);
        throw failure;
      }));
      const wasBack = what === "gives back early after a call that failed" || what.includes("_obj");
      assertEquals(await fate(db), wasBack ? then : DISCARDED);
    });

    it(`that ${what}, with a retter`, async () => {
      const db = clients({ retter: () => {} });
      await flow.run(async () => void await doing(db)).catch(() => {});
      const { discarded } = db._pool!.stats();
      assertEquals(discarded, 0);
      await db._pool!.shutdown();
    });
  }

  it("that throws at once, in a function that is not async", async () => {
    const db = clients();
    await flow.run(() => db.works()); // one is available
    assertThrows(
      () =>
        flow.run(() => {
          void db.works();
          throw failure;
        }),
      RangeError,
    );
    await idle();
    assertEquals(await fate(db), "1 returned, 1 discarded, 0 in use");
  });

  it("that fails asks the predicate, which hears every failure", async () => {
    const asked: unknown[] = [];
    const fatal = new Error("fatal");
    const db = clients({ discardOnError: (error) => (asked.push(error), error === fatal) });
    await flow.run(() => caught(db.rejects()));
    await caught(flow.run(() => db.rejects()));
    assertEquals([db._pool!.stats().discarded, asked], [0, [failure, failure]]);
    await rejection(flow.run(async () => {
      await caught(db.rejects());
      throw fatal;
    }));
    assertEquals([db._pool!.stats().discarded, asked.length], [1, 4]);
    await db._pool!.shutdown();
  });

  it("that hands its giving back to a host", async () => {
    const db = clients();
    const hosted: Promise<unknown>[] = [];
    const host = { waitUntil: (promise: Promise<unknown>) => void hosted.push(promise) };
    await caught(flow.run(async () => {
      await db.works();
      throw failure;
    }, host));
    await Promise.all(hosted);
    assertEquals(await fate(db), DISCARDED);
  });

  it("that has others' failures around it", async () => {
    const db = clients({ maxSize: 2 });
    await flow.run(async () => {
      await db.works();
      await caught(flow.run(async () => {
        await db.works();
        throw failure;
      }));
    });
    assertEquals(await fate(db), "1 returned, 1 discarded, 0 in use");
  });

  it("that fails before it has its object, which is on its way", async () => {
    const made = deferred<Client>();
    const db = clients({ fun: () => made.promise } as never);
    await caught(flow.run(() => {
      db.works().catch(() => {});
      return Promise.reject(failure);
    }));
    made.resolve(new Client(0));
    await idle();
    assertEquals(db._pool!.stats().using, 0);
    await db._pool!.shutdown();
  });
});

describe("a frame opened by hand", () => {
  it("has failed if a function that was run in it has", async () => {
    for (
      const fails of [
        (frame: Frame) =>
          assertThrows(() =>
            frame.run(() => {
              throw failure;
            })
          ),
        (frame: Frame) => caught(frame.run(() => Promise.reject(failure))),
        (frame: Frame) =>
          caught(frame.run(async () => {
            await null;
            throw failure;
          })),
      ]
    ) {
      const db = clients();
      const frame = flow.open();
      await frame.run(() => db.works());
      assertEquals(frame.failure, undefined);
      await fails(frame);
      assertStrictEquals(frame.failure?.error, failure);
      await frame.end();
      assertEquals(await fate(db), DISCARDED);
    }
  });

  it("spares what is taken after its failure", async () => {
    const db = clients();
    const frame = flow.open();
    await frame.run(() => db.works());
    await caught(frame.run(() => Promise.reject(failure)));
    await db._in(frame)._retObj();
    assertEquals(await frame.run(() => db.works()), 1);
    await frame.end();
    assertEquals(await fate(db), "1 returned, 1 discarded, 0 in use");
  });

  it("fails by what it waits for, and by what was deferred", async () => {
    for (
      const put of [
        (frame: Frame) => frame.waitUntil(Promise.reject(failure)),
        (frame: Frame) => frame.defer(() => Promise.reject(failure)),
      ]
    ) {
      const db = clients();
      const frame = flow.open();
      await frame.run(() => db.works());
      put(frame);
      await errorsOf(() => frame.end().catch(() => {}));
      assertEquals(await fate(db), DISCARDED);
    }
  });
});

describe("a failure changes nothing", () => {
  it("where there is no pool: the object is closed at the frame's end anyway", async () => {
    const closed: number[] = [];
    const closer = ({ n }: Client) => void closed.push(n);
    const db = new Proxy({ fun: (n) => Promise.resolve(new Client(n)), scope: flow, closer });
    await caught(flow.run(() => db.later()));
    assertEquals(closed, [0]);
  });

  it("of what a call gives of an object that is everybody's", async () => {
    const promise = Promise.reject(failure);
    const object = new Proxy({ obj: { f: () => promise } });
    assertStrictEquals(object.f(), promise);
    await caught(promise);
  });

  it("in a permanent frame, which is everybody's; a failed call does", async () => {
    for (const scope of [shared, thread]) {
      const db = clients({ scope } as never);
      await db.works();
      assertThrows(() =>
        scope.current()!.run(() => {
          throw failure;
        })
      );
      await rejection(scope.run(() => Promise.reject(failure)));
      assertEquals(scope.current()!.failure, undefined);
      await db._retObj();
      await caught(db.rejects());
      await db._retObj();
      assertEquals(await fate(db), "1 returned, 1 discarded, 0 in use");
    }
  });

  it("in a frame of one's own that does not tell; a failed call does", async () => {
    const kept = new Map<object, unknown>();
    const fns: (() => unknown)[] = [];
    const frame = {
      ended: false,
      get: (key: object) => kept.get(key),
      set: (key: object, value: unknown) => void kept.set(key, value),
      defer: (fn: () => unknown) => void fns.push(fn),
      run: <R>(fn: () => R) => fn(),
    } as unknown as Frame;
    const scope = { name: "own", current: () => frame, run: (fn: () => unknown) => fn() };
    const db = clients({ scope: scope as unknown as Scope } as never);
    await db.works();
    await db._retObj();
    await caught(db.rejects());
    for (const fn of fns) await fn();
    assertEquals(await fate(db), "1 returned, 1 discarded, 0 in use");
  });
});

describe("a frame that has a pool of its own", () => {
  it("closes what failed with it, as it does all", async () => {
    await workers.ready();
    const closed: number[] = [];
    const db = clients({ scope: workers, closer: ({ n }: Client) => void closed.push(n) } as never);
    await caught(workers.run(() => db.rejects()));
    assertEquals(closed, [0]);
  });
});

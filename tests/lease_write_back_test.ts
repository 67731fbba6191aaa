// What a lease or a proxy has handed out and gets back is kept as the object's own, not as the stand-in's.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { type Lease, LeaseError, Pool, Proxy } from "../mod.ts";
import { flow } from "./helpers/flow.ts";
import { lent, TestPool } from "./helpers/test_pool.ts";

// deno-lint-ignore no-explicit-any
type Loose = any;

class Client {
  #asked = 0;
  self: unknown;

  query(text: string): string {
    return `${++this.#asked} ${text}`;
  }
}

/** Works with a lease of `object` in one loan, and with the object itself after the next. */
async function twice(object: Loose, first: (lease: Loose) => void, second = (_: Loose) => {}) {
  await using pool = new TestPool<Loose>(() => object, { maxSize: 1 });
  const lease = await pool.get();
  first(lease);
  await pool.ret(lease);
  const next = await pool.get();
  assertStrictEquals(Pool.unwrap(next), object);
  second(next);
}

/** The ways to write one property. */
const WRITES: Record<string, (object: Loose, key: PropertyKey, value: unknown) => void> = {
  "an assignment": (object, key, value) => object[key] = value,
  "Object.assign": (object, key, value) => void Object.assign(object, { [key]: value }),
  "Reflect.set": (object, key, value) => assert(Reflect.set(object, key, value)),
  "Object.defineProperty": (object, key, value) => {
    Object.defineProperty(object, key, { value, configurable: true, writable: true });
  },
  "a getter": (object, key, value) => {
    Object.defineProperty(object, key, { get: value as () => unknown, configurable: true });
  },
};

const own = (object: object, key: PropertyKey) => Object.getOwnPropertyDescriptor(object, key);

for (const [how, write] of Object.entries(WRITES)) {
  describe(`what a lease gets back by ${how}`, () => {
    const part = how === "a getter" ? "get" : "value";

    it("is the method that it was read from, as on the object itself", async () => {
      const client = new Client();
      await twice(client, (lease) => {
        const { query } = lease;
        lease.query = (text: string) => `patched ${query(text)}`;
        assertEquals(lease.query("a"), "patched 1 a");
        write(lease, "query", query);
        assertStrictEquals(own(client, "query")?.[part], Client.prototype.query);
      }, (next) => part === "value" && assertEquals(next.query("b"), "2 b"));
    });

    it("is an own method, also under another name", async () => {
      const query = () => "own";
      const object: Record<string, unknown> = { query };
      await twice(object, (lease) => {
        const read = lease.query;
        lease.query = () => "patched";
        write(lease, "query", read);
        write(lease, "backup", read);
      });
      assertEquals([own(object, "query")?.[part], own(object, "backup")?.[part]], [query, query]);
    });

    it("is a function with fields", async () => {
      const search = Object.assign(() => "found", { limit: 1, fast: () => "fast" });
      const object: Record<string, unknown> = { search };
      await twice(object, (lease) => {
        const { search: read } = lease;
        lease.search = 1;
        write(lease, "search", read);
        write(read, "slow", read.fast);
      });
      assertStrictEquals(own(object, "search")?.[part], search);
      assertStrictEquals(own(search, "slow")?.[part], search.fast);
    });
  });
}

describe("what a lease gets back", () => {
  it("is the object, if it is the lease itself", async () => {
    const client = new Client();
    await twice(client, (lease) => {
      lease.self = lease;
      assertStrictEquals(client.self, client);
      assertStrictEquals(lease.self, lease);
    }, (next) => assertStrictEquals(next.self, next));
  });

  it("is the function, if it is the lease of that", async () => {
    const sql = Object.assign(() => "rows", { self: undefined as unknown });
    await twice(sql, (lease) => lease.self = lease);
    assertStrictEquals(sql.self, sql);
  });

  it("is what a setter of the object gets", async () => {
    const got: unknown[] = [];
    class Settable extends Client {
      set hook(value: unknown) {
        got.push(value);
      }
    }
    const object = new Settable();
    await twice(object, (lease) => {
      lease.hook = lease.query;
      lease.hook = lease;
    });
    assertEquals(got.length, 2);
    assertStrictEquals(got[0], Client.prototype.query);
    assertStrictEquals(got[1], object);
  });

  it("is the object's own disposal, which the lease does not show", async () => {
    let closed = 0;
    const object = { [Symbol.dispose]: () => void closed++ };
    await twice(object, (lease) => lease[Symbol.dispose] = lease[Symbol.dispose]);
    object[Symbol.dispose]();
    assertEquals(closed, 1);
  });

  it("may come from an earlier lease, of this object or of another of its class", async () => {
    await using pool = new TestPool((_n) => new Client(), { maxSize: 2 });
    const [one, two] = await Promise.all([pool.get(), pool.get()]);
    const objects = [Pool.unwrap(one), Pool.unwrap(two)];
    const { query } = one;
    await pool.ret(one);
    two.query = query;
    const again = await pool.get();
    again.query = query;
    for (const object of objects) {
      assertStrictEquals(own(object, "query")?.value, Client.prototype.query);
    }
    assertEquals(again.query("a"), "1 a");
  });

  it("is left as it is where it is not its own: another's method, a lease, a closure", async () => {
    const tools = { run: () => "run" };
    await lent(tools, async (tool) => {
      const object: Record<string, unknown> = {};
      const closure = () => tool.run();
      const { run } = tool;
      await lent(object, (lease) => {
        lease.run = run;
        lease.tool = tool;
        lease.closure = closure;
      });
      assertStrictEquals(object.run, run);
      assertStrictEquals(object.tool, tool);
      assertStrictEquals(object.closure, closure);
      assertEquals([run(), (object.run as () => string)()], ["run", "run"]);
    });
  });

  it("is left as it is in an argument, and in what inherits from the lease", async () => {
    const seen: unknown[] = [];
    const object = { keep: (...all: unknown[]) => void seen.push(...all), me: null };
    await lent(object, (lease) => {
      const { keep } = lease;
      lease.keep(keep, [keep], lease);
      assert(seen[0] === keep && (seen[1] as unknown[])[0] === keep && seen[2] === lease);
      const heir = Object.create(lease);
      heir.me = lease;
      assert(Object.hasOwn(heir, "me") && heir.me === lease && object.me === null);
    });
  });

  it("goes through a proxy of a lease, and through one of another object", async () => {
    const client = new Client();
    await lent(client, (lease) => {
      const proxy = new Proxy<Loose>({ obj: lease });
      const { query } = proxy;
      proxy.query = 1;
      proxy.query = query;
      proxy.self = proxy;
      assertStrictEquals(own(client, "query")?.value, Client.prototype.query);
      assertStrictEquals(client.self, client);
    });
  });
});

/** What spies do: save, patch, and put back as `jest.spyOn` does, or `sinon.stub`. */
const SPIES: Record<string, (object: Loose) => () => void> = {
  "by an assignment": (object) => {
    const { query } = object;
    object.query = function (...args: unknown[]) {
      return `spied ${query.apply(object, args)}`;
    };
    return () => object.query = query;
  },
  "by delete, if it was inherited": (object) => {
    const { query } = object;
    const isOwn = Object.hasOwn(object, "query");
    object.query = (...args: unknown[]) => `spied ${query.call(object, ...args)}`;
    return () => isOwn ? object.query = query : delete object.query;
  },
  "by descriptors": (object) => {
    const before = Object.getOwnPropertyDescriptor(object, "query");
    const { query } = object;
    const value = (...args: unknown[]) => `spied ${Reflect.apply(query, object, args)}`;
    Object.defineProperty(object, "query", { value, configurable: true, writable: true });
    return () => {
      if (before === undefined) delete object.query;
      else Object.defineProperty(object, "query", before);
    };
  },
};

for (const [how, spyOn] of Object.entries(SPIES)) {
  describe(`a spy on a lease, put back ${how}`, () => {
    it("leaves no trace, if it is put back before the lease is given back", async () => {
      await twice(new Client(), (lease) => {
        const restore = spyOn(lease);
        assertEquals(lease.query("a"), "spied 1 a");
        restore();
        assertEquals(lease.query("b"), "2 b");
      }, (next) => assertEquals(next.query("c"), "3 c"));
    });

    it("is refused, and harms nobody, if that comes too late", async () => {
      const client = new Client();
      let restore!: () => void;
      await twice(client, (lease) => restore = spyOn(lease), (next) => {
        const patched = own(client, "query")?.value;
        assertThrows(restore, LeaseError, "returned");
        assertStrictEquals(own(client, "query")?.value, patched);
        assertThrows(() => next.query("a"), LeaseError, "returned"); // by the patch, which says so
      });
    });

    it("works on the object itself, whenever it is put back", async () => {
      let restore!: () => void;
      await twice(new Client(), (lease) => restore = spyOn(Pool.unwrap(lease as Lease<Client>)), (
        next,
      ) => {
        assertEquals(next.query("a"), "spied 1 a");
        restore();
        assertEquals(next.query("b"), "2 b");
      });
    });
  });
}

describe("what a proxy gets back", () => {
  it("is its object's own, whatever scope it is of", () => {
    const client = new Client();
    const kinds: Loose[] = [
      new Proxy({ obj: client as Loose }),
      new Proxy({ fun: () => client as Loose }),
    ];
    for (const proxy of kinds) {
      const { query } = proxy;
      proxy.query = (text: string) => `patched ${query(text)}`;
      assert(proxy.query("a").startsWith("patched "));
      proxy.query = query;
      proxy.self = proxy;
      assertStrictEquals(own(client, "query")?.value, Client.prototype.query);
      assertStrictEquals(client.self, client);
      Reflect.deleteProperty(client, "query");
    }
  });

  it("of a pool is so through the lease, and by whatever was read first", async () => {
    for (const held of [false, true]) {
      const db: Loose = new Proxy({ fun: () => new Client(), maxSize: 1, scope: flow });
      await flow.run(async () => {
        if (held) await db.query("x");
        const { query } = db;
        const lease = await db._getObj();
        if (held) lease.query = (text: string) => query(`patched ${text}`);
        if (held) assertEquals(await db.query("a"), "2 patched a");
        lease.query = query;
        lease.self = db;
        const object = Pool.unwrap(lease) as Client;
        assertStrictEquals(own(object, "query")?.value, Client.prototype.query);
        assertStrictEquals(object.self, object);
        assertEquals(await db.query("b"), `${held ? 3 : 1} b`);
      });
      await db._pool.shutdown();
    }
  });

  it("of another proxy stays what it is: that may stand for another object by then", () => {
    const log = new Proxy({ obj: { write: (text: string) => `log ${text}` } });
    const app: Loose = new Proxy({ obj: {} as Loose });
    app.write = log.write;
    app.log = log;
    log.setObj({ write: (text) => `anew ${text}` });
    assertEquals([app.write("a"), app.log.write("b")], ["anew a", "anew b"]);
  });

  it("is so within a block of _obj()", async () => {
    const db: Loose = new Proxy({ fun: () => new Client(), maxSize: 1, scope: flow });
    await flow.run(async () => {
      let object!: Client;
      {
        await using held = await db._obj();
        object = Pool.unwrap(held) as Client;
        const { query } = held;
        held.query = () => "patched";
        held.query = query;
        held.self = held;
      }
      assertStrictEquals(own(object, "query")?.value, Client.prototype.query);
      assertStrictEquals(object.self, object);
    });
    await db._pool.shutdown();
  });
});

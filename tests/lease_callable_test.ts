// Leases of functions and classes: called, constructed, subclassed, with what properties they have.

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { LeaseError, Pool } from "../mod.ts";
import { lent } from "./helpers/test_pool.ts";

/** A client as a tagged template: a function that has methods and fields. */
function sqlClient() {
  const sql = (texts: TemplateStringsArray, ...values: unknown[]) =>
    texts.reduce((text, next, i) => `${text}$${i}=${values[i - 1]}${next}`);
  return Object.assign(sql, {
    options: { max: 3 },
    ended: false,
    end() {
      this.ended = true;
      return this;
    },
    unsafe: (text: string) => `unsafe ${text}`,
  });
}

class Shape {
  static count = 0;
  static make(size: number): Shape {
    return new this(size);
  }
  readonly #size: number;
  constructor(size: number) {
    this.#size = size;
    Shape.count++;
  }
  get size(): number {
    return this.#size;
  }
}

describe("a lease of a function", () => {
  it("is a function that is called with arguments and this", async () => {
    const calls: unknown[][] = [];
    function called(this: unknown, ...args: unknown[]) {
      calls.push([this, ...args]);
      return args.length;
    }
    await lent(called, (lease) => {
      assertEquals(typeof lease, "function");
      const self = {};
      assertEquals([lease(1, 2), lease.call(self, 3), lease.apply(self, [4, 5, 6])], [2, 1, 3]);
      assertEquals(calls, [[undefined, 1, 2], [self, 3], [self, 4, 5, 6]]);
      assertEquals(lease.bind(self, 7)(8), 2);
      assertStrictEquals(calls.at(-1)![0], self);
      assertEquals([lease.name, lease.length], ["called", 0]);
      assert(lease instanceof Function);
    });
  });

  it("shows its own properties, and takes writes to them", async () => {
    const client = sqlClient();
    await lent(client, (lease) => {
      assertEquals([lease.options.max, lease.unsafe("x")], [3, "unsafe x"]);
      lease.ended = true;
      assertEquals(client.ended, true);
      assertEquals(Object.keys(lease), ["options", "ended", "end", "unsafe"]);
      assertEquals(Object.keys({ ...lease }), ["options", "ended", "end", "unsafe"]);
      assertEquals(["options" in lease, "nothing" in lease], [true, false]);
      assertStrictEquals(lease.end(), lease);
    });
  });

  it("tags templates", async () => {
    await lent(sqlClient(), (sql) => {
      assertEquals(sql`select ${1} and ${"b"}`, "select $1=1 and $2=b");
    });
  });

  it("gives itself as the lease, where it gives itself", async () => {
    const chain = Object.assign(() => chain, { self: () => chain }) as {
      (): unknown;
      self(): unknown;
    };
    await lent(chain, (lease) => {
      assertStrictEquals(lease(), lease);
      assertStrictEquals(lease.self(), lease);
    });
  });

  it("that is async or an arrow works, and is no class", async () => {
    await lent((n: number) => Promise.resolve(n + 1), async (lease) => {
      assertEquals(await lease(1), 2);
      assertThrows(() => Reflect.construct(lease, [1]), TypeError);
    });
  });

  it("is dead after its return, with all taken off it", async () => {
    await lent(sqlClient(), async (sql, pool) => {
      const { unsafe } = sql;
      await pool.ret(sql);
      for (const use of [() => sql`x`, () => unsafe("x"), () => sql.ended, () => "end" in sql]) {
        assertThrows(use, LeaseError, "returned");
      }
      assertEquals(typeof sql, "function");
    });
  });

  it("is dead after its return, also what bind has made of it", async () => {
    await lent(sqlClient(), async (sql, pool) => {
      const bound = sql.bind(null);
      assertEquals(bound`x`, "x");
      await pool.ret(sql);
      assertThrows(() => bound`x`, LeaseError, "returned");
    });
  });

  it("is unwrapped to the function itself", async () => {
    const client = sqlClient();
    await lent(client, (lease) => assertStrictEquals(Pool.unwrap(lease), client));
  });
});

describe("a lease of a class", () => {
  it("constructs", async () => {
    await lent(Shape, (lease) => {
      const shape = new lease(5);
      assert(shape instanceof Shape);
      assertEquals([shape.size, shape.constructor === Shape], [5, true]);
      assertEquals(Reflect.construct(lease, [6]).size, 6);
      assertThrows(() => (lease as unknown as () => void)(), TypeError);
    });
  });

  it("has static members, and instanceof", async () => {
    await lent(Shape, (lease) => {
      assertEquals([lease.make(7).size, lease.prototype === Shape.prototype], [7, true]);
      assert(new Shape(1) instanceof lease);
      assert(!(new Map() instanceof lease));
      lease.count = 100;
      assertEquals([Shape.count, lease.name], [100, Shape.name]);
    });
  });

  it("can be a base class", async () => {
    await lent(Shape, async (lease, pool) => {
      class Square extends lease {
        area(): number {
          return this.size ** 2;
        }
      }
      const square = new Square(3);
      assert(square instanceof Square && square instanceof Shape);
      assertEquals([square.area(), Square.make(2) instanceof Square], [9, true]);
      assertStrictEquals(square.constructor, Square);
      await pool.ret(lease);
      assertThrows(() => new Square(1), LeaseError, "returned");
      assertEquals(square.area(), 9);
    });
  });

  it("takes no writes to what inherits from it", async () => {
    class Base {
      static kind = "base";
      static #kept = "";
      static set kept(text: string) {
        Base.#kept = text;
      }
      static get kept() {
        return Base.#kept;
      }
    }
    await lent(Base, (lease) => {
      class Sub extends lease {}
      Sub.kind = "sub";
      assertEquals([Base.kind, lease.kind, Sub.kind, Object.hasOwn(Sub, "kind")], [
        "base",
        "base",
        "sub",
        true,
      ]);
      lease.kind = "lease";
      lease.kept = "by a setter";
      assertEquals([Base.kind, Base.kept], ["lease", "by a setter"]);
      const view = Object.create(lease);
      view.extra = 1;
      assertEquals([Object.hasOwn(view, "extra"), "extra" in Base], [true, false]);
    });
  });

  it("knows new.target as itself", async () => {
    let target: unknown;
    class Abstract {
      constructor() {
        target = new.target;
      }
    }
    await lent(Abstract, (lease) => {
      new lease();
      assertStrictEquals(target, Abstract);
      class Sub extends lease {}
      new Sub();
      assertStrictEquals(target, Sub);
    });
  });

  it("of the old kind, a function with a prototype, works as well", async () => {
    function Old(this: { n: number }, n: number) {
      this.n = n;
    }
    Old.prototype.twice = function (this: { n: number }) {
      return this.n * 2;
    };
    type OldClass = new (n: number) => { n: number; twice(): number };
    await lent(Old as unknown as OldClass, (lease) => {
      assertEquals(new lease(4).twice(), 8);
    });
  });

  it("is dead after its return", async () => {
    await lent(Shape, async (lease, pool) => {
      await pool.ret(lease);
      assertThrows(() => new lease(1), LeaseError, "returned");
      assertThrows(() => lease.make(1), LeaseError, "returned");
      assertThrows(
        () => {
          class _ extends lease {}
        },
        LeaseError,
        "returned",
      );
    });
  });
});

// What the types promise, checked by the compiler: this file runs if it compiles.

import { assertEquals, assertStrictEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import {
  type Create,
  type GetOptions,
  type Lease,
  LeaseError,
  type Logger,
  type LogLevel,
  type ObjectStats,
  Pool,
  PoolClosedError,
  PoolDeadlockError,
  PoolError,
  PoolFullError,
  type PoolOptions,
  PoolOverloadError,
  type PoolStats,
  PoolTimeoutError,
  ProxyError,
  ProxyPoolError,
  type RefusedEvent,
  type ResetOptions,
  type ShutdownOptions,
  type UseContext,
} from "../mod.ts";
import { holds, type Same } from "./helpers/types.ts";

class Client {
  #n = 0;
  host = "db";
  query(text: string): Promise<string[]> {
    return Promise.resolve([text, `${this.#n}`]);
  }
  end(): void {}
}

const make = () => new Client();
const pool = new Pool(make);

describe("the type of a pool", () => {
  it("comes from what fun makes, now or later", () => {
    holds<Same<typeof pool, Pool<Client>>>();
    const later = new Pool(() => Promise.resolve(new Client()));
    holds<Same<typeof later, Pool<Client>>>();
    // deno-lint-ignore require-await
    const async = new Pool(async (n, { signal }) => ({ n, aborted: signal.aborted }));
    holds<Same<typeof async, Pool<{ n: number; aborted: boolean }>>>();
    const texts = new Pool<string>((n) => `${n}`);
    holds<Same<typeof texts, Pool<string>>>();
  });

  it("fun is told a number and a signal", () => {
    const create: Create<Client> = (n, context) => {
      holds<Same<typeof n, number>>();
      holds<Same<typeof context.signal, AbortSignal>>();
      return new Client();
    };
    new Pool(create);
    // @ts-expect-error: fun has no third parameter
    new Pool((_n: number, _context: unknown, _more: string) => new Client());
    // @ts-expect-error: n is a number
    new Pool((n: string) => n);
  });

  it("hooks get the object", () => {
    const hooked = new Pool(() => Promise.resolve(new Client()), {
      opener: (client) => holds<Same<typeof client, Client>>(),
      getter: (client) => holds<Same<typeof client, Client>>(),
      retter: async (client) => void await client.query("rollback"),
      closer: (client) => client.end(),
      health: (client) => client.host === "db",
      stats: (client) => ({ host: client.host }),
      tracer: (client) => client.host,
      discardOnError: (error) => (holds<Same<typeof error, unknown>>(), true),
    });
    holds<Same<typeof hooked, Pool<Client>>>();
    new Pool(make, { health: () => Promise.resolve(true) });
    new Pool(make, { health: async (client) => void await client.query("select 1") });
    new Pool(make, { health: (client) => client.query("select 1") }); // any result but false is good
    // @ts-expect-error: a tracer gives text, at once
    new Pool(make, { tracer: (client) => client.query("x") });
    // @ts-expect-error: there is no such method
    new Pool(make, { closer: (client) => client.destroy() });
  });
});

describe("the types of options", () => {
  it("undefined is the default, everywhere", () => {
    const options: PoolOptions<Client> = {
      maxSize: undefined,
      closer: undefined,
      logger: undefined,
    };
    const get: GetOptions = { signal: undefined, timeout: undefined };
    const shutdown: ShutdownOptions = { timeout: undefined };
    new Pool(make, options).resize({ minSize: undefined });
    assertEquals([get.timeout, shutdown.timeout], [undefined, undefined]);
  });

  it("wrong ones do not compile", () => {
    const wrong = (): unknown[] => [
      // @ts-expect-error: a number
      new Pool(make, { maxSize: "10" }),
      // @ts-expect-error: not null
      new Pool(make, { timeout: null }),
      // @ts-expect-error: no such option
      new Pool(make, { maxsize: 10 }),
      // @ts-expect-error: the original's name
      new Pool(make, { max_size: 10 }),
      // @ts-expect-error: a peer's name
      new Pool(make, { idleTimeoutMillis: 10 }),
      // @ts-expect-error: a function
      new Pool(make, { closer: "end" }),
      // @ts-expect-error: no such level
      new Pool(make, { logLevel: "verbose" }),
      // @ts-expect-error: a logger has four methods
      new Pool(make, { logger: { warn() {} } }),
      // @ts-expect-error: no such option
      pool.get({ timeOut: 5 }),
      // @ts-expect-error: a signal, not its controller
      pool.get({ signal: new AbortController() }),
      // @ts-expect-error: an object
      pool.get(5000),
      // @ts-expect-error: get does not take what use does
      pool.get((client: Client) => client),
      // @ts-expect-error: no such option
      pool.resize({ timeout: 5 }),
      // @ts-expect-error: no such option
      pool.shutdown({ signal: AbortSignal.abort() }),
      // @ts-expect-error: fun comes first
      new Pool({ maxSize: 5 }),
    ];
    assertEquals(typeof wrong, "function");
  });

  it("of creation, queue and order are what the documentation says", () => {
    const options: PoolOptions<Client> = {
      minAvailable: 1,
      maxCreating: 2,
      createBackoff: 1000,
      createRetry: (error) => {
        holds<Same<typeof error, unknown>>();
        return (error as { code?: string }).code === "53300";
      },
      queueTarget: 100,
      queueInterval: 500,
      idleOrder: "fifo",
    };
    const none: PoolOptions<Client> = {
      minAvailable: undefined,
      maxCreating: undefined,
      createBackoff: undefined,
      createRetry: undefined,
      queueTarget: undefined,
      queueInterval: undefined,
      idleOrder: undefined,
    };
    const reset: ResetOptions = { spread: undefined };
    holds<Same<PoolOptions<Client>["idleOrder"], "lifo" | "fifo" | undefined>>();
    const wrong = (): unknown[] => [
      // @ts-expect-error: a number
      new Pool(make, { createBackoff: true }),
      // @ts-expect-error: not asynchronous
      new Pool(make, { createRetry: () => Promise.resolve(true) }),
      // @ts-expect-error: true, false or a function
      new Pool(make, { createRetry: 3 }),
      // @ts-expect-error: no such order
      new Pool(make, { idleOrder: "random" }),
      // @ts-expect-error: a number
      new Pool(make, { queueTarget: "100" }),
      // @ts-expect-error: no such option
      pool.reset({ delay: 5 }),
      // @ts-expect-error: minSize and maxSize only
      pool.resize({ minAvailable: 5 }),
    ];
    for (const each of [options, none]) new Pool(make, each);
    assertEquals([typeof wrong, reset.spread], ["function", undefined]);
  });

  it("a logger is structural, and a level one of five", () => {
    const logger: Logger = console;
    new Pool(make, { logger });
    holds<Same<LogLevel, "debug" | "info" | "warn" | "error" | "silent">>();
  });
});

describe("the types of leases", () => {
  it("get and tryGet give a lease, which has all that its object has", async () => {
    holds<Same<ReturnType<typeof pool.get>, Promise<Lease<Client>>>>();
    holds<Same<ReturnType<typeof pool.tryGet>, Lease<Client> | undefined>>();
    const own = new Pool(make);
    const lease = await own.get();
    holds<Same<typeof lease, Lease<Client>>>();
    holds<Same<typeof lease.host, string>>();
    holds<Same<ReturnType<typeof lease.query>, Promise<string[]>>>();
    const takesClient = (client: Client) => client.host;
    assertEquals(takesClient(lease), "db");
    // @ts-expect-error: its object has no such method
    assertEquals(lease.destroy, undefined);
    {
      await using _held = lease;
    }
    {
      using _held = await own.get();
    }
    const disposable: AsyncDisposable & Disposable = await own.get();
    await disposable[Symbol.asyncDispose]();
    await own.shutdown();
  });

  it("of texts, functions and arrays are such", async () => {
    const texts = new Pool(() => "text");
    const text: string = await texts.get();
    const adders = new Pool(() => (a: number, b: number) => a + b);
    const add = await adders.get();
    const sum: number = add(1, 2);
    const lists = new Pool(() => [1, 2]);
    const list: number[] = await lists.get();
    assertEquals([text.length, sum, list.length], [4, 3, 2]);
    for (const one of [texts, adders, lists]) await one.shutdown({ timeout: 1 });
  });

  it("ret and discard take leases, not bare objects; detach and unwrap give the object", async () => {
    const own = new Pool(make);
    const [one, two] = [await own.get(), await own.get()];
    const unwrapped = Pool.unwrap(one);
    holds<Same<typeof unwrapped, Client>>();
    const detached = own.detach(two);
    holds<Same<typeof detached, Client>>();
    const wrong = (): unknown[] => [
      // @ts-expect-error: the bare object is no lease
      own.ret(unwrapped),
      // @ts-expect-error: the bare object is no lease
      own.discard(unwrapped),
      // @ts-expect-error: the bare object is no lease
      own.detach(unwrapped),
      // @ts-expect-error: the bare object is no lease
      Pool.unwrap(unwrapped),
      // @ts-expect-error: another kind of lease
      own.ret({} as Lease<string>),
    ];
    assertEquals(typeof wrong, "function");
    const returned: Promise<void> = own.ret(one);
    await returned;
    await own.shutdown();
  });
});

describe("the types of use", () => {
  it("fn gets the bare object and a context, and its result is unwrapped once", async () => {
    const own = new Pool(make);
    const now = own.use((client, context) => {
      holds<Same<typeof client, Client>>();
      holds<Same<typeof context, UseContext>>();
      holds<Same<typeof context.signal, AbortSignal>>();
      return 5;
    });
    holds<Same<typeof now, Promise<number>>>();
    const later = own.use((client) => client.query("x"));
    holds<Same<typeof later, Promise<string[]>>>();
    const nothing = own.use(() => {});
    holds<Same<typeof nothing, Promise<void>>>();
    const never = () =>
      own.use((): never => {
        throw new Error();
      });
    holds<Same<ReturnType<typeof never>, Promise<never>>>();
    // @ts-expect-error: the object is no number
    const wrong = () => own.use((client: number) => client);
    assertEquals([await now, await later, typeof wrong], [5, ["x", "0"], "function"]);
    await nothing;
    await own.shutdown();
  });
});

describe("the types of the rest", () => {
  it("stats are flat and JSON-compatible", () => {
    const stats = pool.stats();
    holds<Same<typeof stats, PoolStats>>();
    holds<Same<ReturnType<typeof pool.toJSON>, PoolStats>>();
    const numbers: number[] = [stats.size, stats.created, stats.doubleReturns, stats.leaked];
    const shed: number[] = [stats.overloaded, stats.deadlocks];
    holds<"overload" | "deadlock" extends RefusedEvent["reason"] ? true : false>();
    const started: string | null = stats.started;
    const objects: ObjectStats[] = [...stats.objects.available, ...stats.objects.using];
    const counts: number[] = [pool.size, pool.available, pool.using, pool.waiting, pool.creating];
    assertEquals([numbers, started, objects, counts], [[0, 0, 0, 0], null, [], [0, 0, 0, 0, 0]]);
    assertEquals(shed, [0, 0]);
  });

  it("counts cannot be set", () => {
    const wrong = () => {
      // @ts-expect-error: read-only
      pool.size = 5;
      // @ts-expect-error: read-only
      pool.available = 5;
    };
    assertEquals(typeof wrong, "function");
  });

  it("a pool is AsyncDisposable, and shutdown gives nothing", () => {
    const disposable: AsyncDisposable = pool;
    assertStrictEquals(disposable as unknown, pool);
    holds<Same<ReturnType<typeof pool.shutdown>, Promise<void>>>();
    holds<Same<ReturnType<typeof pool.ready>, Promise<void>>>();
    holds<Same<ReturnType<typeof pool.resize>, void>>();
    holds<Same<ReturnType<typeof pool.reset>, Promise<void>>>();
  });

  it("errors descend from each other as documented, each with its name", () => {
    const late: PoolError = new PoolTimeoutError("late", {
      timeout: 1,
      waited: 1,
      ahead: 0,
      phase: "wait",
      holders: [],
    });
    const cause = new Error("deep");
    const details = { retryAfter: 700, waited: 210 };
    const overload = new PoolOverloadError("too much", details, { cause });
    const { retryAfter, waited }: { readonly retryAfter: number; readonly waited: number } =
      overload;
    assertEquals([retryAfter, waited, overload.message, overload.cause], [
      700,
      210,
      "too much",
      cause,
    ]);
    const deadlock = new PoolDeadlockError("stuck", []);
    holds<Same<typeof deadlock.holders, PoolTimeoutError["holders"]>>();
    assertEquals([deadlock.holders, deadlock.message], [[], "stuck"]);
    const errors: [Error, string, boolean][] = [
      [new ProxyPoolError(), "ProxyPoolError", false],
      [new PoolError(), "PoolError", true],
      [late, "PoolTimeoutError", true],
      [new PoolFullError(), "PoolFullError", true],
      [overload, "PoolOverloadError", true],
      [deadlock, "PoolDeadlockError", true],
      [new PoolClosedError(), "PoolClosedError", true],
      [new LeaseError(), "LeaseError", true],
      [new ProxyError(), "ProxyError", false],
    ];
    for (const [error, name, ofPool] of errors) {
      assertEquals([error.name, error instanceof ProxyPoolError], [name, true]);
      assertEquals(error instanceof PoolError, ofPool, name);
    }
    assertStrictEquals(new PoolError("x", { cause }).cause, cause);
  });
});

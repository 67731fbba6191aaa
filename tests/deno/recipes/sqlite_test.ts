// The recipe for SQLite, with real files: what borrowers leave behind, and who writes while others read.

import { assertEquals, assertRejects } from "@std/assert";
import { openPool } from "../../../examples/recipes/sqlite.ts";
import { printed, takers } from "./run.ts";

type Pool = ReturnType<typeof openPool>;
type Db = Parameters<Parameters<Pool["use"]>[0]>[0];

/** Has `fn` use a file of its own; nothing but that file may be left. */
function test(name: string, fn: (pool: Pool, file: string) => Promise<void>): void {
  Deno.test(`sqlite.ts: ${name}`, async () => {
    const dir = await Deno.makeTempDir();
    try {
      const file = `${dir}/data`;
      {
        await using pool = openPool(file);
        await pool.use((db) => db.exec("create table things(n int)"));
        await fn(pool, file);
      }
      assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["data"]);
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  });
}

/** The programs' runtimes: Bun has no node:sqlite. */
for (const runner of takers().filter(({ label }) => !label.startsWith("bun"))) {
  Deno.test({
    name: `sqlite.ts: the program on ${runner.label}`,
    ignore: !runner.there,
    async fn() {
      const file = await Deno.makeTempFile();
      try {
        assertEquals(await printed(runner, "sqlite.ts", { env: { SQLITE_FILE: file } }), [
          'the next borrower: {"visits":0}',
          "1 made, 0 in use",
        ]);
      } finally {
        await Deno.remove(file);
      }
    },
  });
}

const count = (db: Db) => db.prepare("select count(*) as n from things").get()?.n;
const setting = (db: Db, name: string) => Object.values(db.prepare(`pragma ${name}`).get()!)[0];

test("a transaction that was left open is undone, and settings are as they were", async (pool) => {
  const names = ["foreign_keys", "busy_timeout", "synchronous", "query_only"];
  const settings = (db: Db) => names.map((name) => setting(db, name));
  const before = await pool.use(settings);
  assertEquals(before, [1, 100, 1, 0]);
  await pool.use((db) => {
    for (const name of names) db.exec(`pragma ${name} = ${setting(db, name) === 1 ? 0 : 1}`);
    db.exec("pragma query_only = 0; begin immediate; insert into things values (1)");
  });
  assertEquals(await pool.use(settings), before);
  assertEquals([await pool.use(count), pool.stats().created], [0, 1]);
});

test("what cannot be undone costs the connection", async (pool, file) => {
  for (const doing of ["create temp table mine(n)", `attach '${file}' as other`]) {
    const { closed, hookErrors } = pool.stats();
    await pool.use((db) => db.exec(doing));
    const { closed: then, hookErrors: errors, available } = pool.stats();
    assertEquals([then - closed, errors - hookErrors, available], [1, 1, 0]);
    await pool.use((db) => db.exec("select 1"));
  }
});

test("one that a borrower has closed is not lent", async (pool) => {
  const lease = await pool.get();
  lease.close();
  await pool.ret(lease);
  assertEquals(await pool.use(count), 0);
});

test("readers see what was there before who writes has committed", async (pool) => {
  await using writer = await pool.get();
  writer.exec("begin immediate; insert into things values (1)");
  assertEquals(await pool.use(count), 0);
  const busy = () => pool.use((db) => db.exec("begin immediate"));
  await assertRejects(busy, Error, "database is locked");
  writer.exec("commit");
  assertEquals([await pool.use(count), pool.stats().created], [1, 2]);
});

// SQLite with `node:sqlite`: each task has its own connection, and so its own transaction.
//
// Its calls are synchronous. But if a task awaits something between `begin` and `commit`, other tasks
// run meanwhile. Over one connection, they would be in its transaction.
//
// Run it: npm install @x/proxypool && node sqlite.ts (or deno run -A)

import { rmSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { Pool } from "@x/proxypool";

/** Of the connection, not of the file, but for the journal: so they are set each time. */
const SETTINGS = `
  pragma journal_mode = wal;  -- readers and the writer do not wait for each other
  pragma synchronous = normal;
  pragma foreign_keys = on;
  pragma busy_timeout = 100;  -- blocks the whole process: try again, rather
  pragma query_only = off;`;

function reset(db: DatabaseSync): void {
  if (db.isTransaction) db.exec("rollback");
  const left = db.prepare(`select name from temp.sqlite_schema
    union all select name from pragma_database_list where name not in ('main', 'temp')`).all();
  // The pool closes it, and says so in the log: another one takes 0.2 ms.
  if (left.length > 0) throw new Error(`left behind: ${left.map(({ name }) => name).join(", ")}`);
  db.exec(SETTINGS);
}

/** A pool of connections to that file. */
export function openPool(path: string): Pool<DatabaseSync> {
  return new Pool(() => new DatabaseSync(path), {
    maxSize: 8, //                one of them writes at a time, as SQLite has it
    timeout: 2_000, //            less than your own caller waits for you
    maxAvailDelay: 60_000, //     each has a cache of some MB
    opener: (db) => db.exec(SETTINGS),
    retter: reset, //             what is synchronous hands over at once
    health: (db) => db.isOpen, // all that can go wrong: that a borrower has closed it
    healthAfter: 0, //            and costs nothing
    closer: (db) => db.isOpen && db.close(),
    tracer: () => path,
  });
}

if (import.meta.main) {
  const path = process.env.SQLITE_FILE ?? ".recipe.sqlite";
  await using pool = openPool(path); // shut down at the end: the file is one again
  await pool.use((db) => db.exec("create table if not exists visits(at text)"));
  {
    await using db = await pool.get();
    db.exec("begin immediate");
    db.exec("insert into visits values ('never')");
  } // given back here, and rolled back
  const count = (db: DatabaseSync) => db.prepare("select count(*) as visits from visits").get();
  console.log(`the next borrower: ${JSON.stringify(await pool.use(count))}`);
  console.log(`${pool.stats().created} made, ${pool.using} in use`);
  await pool.shutdown();
  if (!process.env.SQLITE_FILE) rmSync(path);
}

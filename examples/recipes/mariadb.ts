// MariaDB or MySQL with `mysql2`: each borrower gets a session that is like a new one.
//
// Run it: npm install @x/proxypool mysql2 && node mariadb.ts (or deno run -A, or bun)

import process from "node:process";
import mysql from "mysql2/promise";
import { type MysqlPool, mysqlPool } from "@x/proxypool/mysql2";

/**
 * A pool of sessions. `setup`: what each begins with, and has again after each borrower:
 * `use tenant`, for example.
 */
export function openPool(uri: string, setup = "do 0"): MysqlPool<typeof mysql> {
  return mysqlPool(mysql, {
    uri,
    maxSize: 10, //                of the 151 that a server allows to all processes together
    timeout: 2_000, //             less than your own caller waits for you
    createTimeout: 2_000, //       connecting takes some 5 ms
    maxLifetime: 30 * 60_000, //   and far less than wait_timeout, 8 hours
    opener: (connection) => connection.query(setup),
    reset: "session", //           all that a session can keep
    cancel: true, //               the server ends a query that nobody waits for any more
    healthAfter: 500, //           a session that is cut off says nothing: a round trip
    hookTimeout: 1_000, //         an answer that takes longer is none: packets are being dropped
    closeTimeout: 1_000, //        the end of one that is cut off is never confirmed
  });
}

if (import.meta.main) {
  // Shut down at the end: no session is left.
  await using pool = openPool(process.env.MARIADB_URL ?? "mysql://root@127.0.0.1/test");
  const connection = await pool.getConnection();
  await connection.beginTransaction();
  await connection.query("set @discount = 100");
  connection.release(); // with its transaction open
  const [rows] = await pool.query("select @discount as discount, @@in_transaction as open");
  console.log(`the next borrower: ${JSON.stringify(rows)}`);

  const signal = AbortSignal.timeout(100);
  await pool.pool.use((connection) => connection.query("select sleep(9)"), { signal })
    .catch((error) => console.log(`took too long: ${error.name}`));
  await pool.end();
  console.log(`${pool.pool.stats().discarded} discarded, ${pool.pool.using} in use`);
}

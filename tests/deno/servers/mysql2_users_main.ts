// What people use over mysqlPool, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { type MariaDb, mariadb } from "./mariadb.ts";
import { played, USERS } from "./mysql2_users.ts";

for (const [name, user] of Object.entries(USERS)) {
  try {
    await using server = await mariadb.open(0) as MariaDb;
    await played(user, server);
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");
process.exit(); // some leave timers behind

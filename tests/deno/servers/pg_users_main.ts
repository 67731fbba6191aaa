// What people use over pgPool, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { played } from "./pg_stage.ts";
import { USERS } from "./pg_users.ts";

for (const [name, user] of Object.entries(USERS)) {
  try {
    await played(user);
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");
process.exit(); // some leave timers behind

// What befalls connections to a real PostgreSQL, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { postgres } from "./postgres.ts";
import { scenarios } from "./scenarios.ts";

for (const [name, run] of scenarios(postgres)) {
  try {
    await run();
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");

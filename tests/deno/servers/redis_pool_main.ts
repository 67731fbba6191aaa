// Pools of Redis sessions, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { casesOf } from "./redis_cases.ts";
import { KITS } from "./redis_kits.ts";

for (const [name, fn] of KITS.flatMap(casesOf)) {
  try {
    await fn();
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");

// BullMQ beside pools of Redis sessions, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { BULLMQ } from "./redis_bullmq.ts";

const port = Number(process.argv[2]);

for (const [name, fn] of Object.entries(BULLMQ)) {
  try {
    await fn(port);
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");
process.exit(); // BullMQ leaves timers behind

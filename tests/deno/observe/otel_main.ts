// The scenes of OpenTelemetry, as a program for any runtime: says what fails, and "ok".

import process from "node:process";
import { SCENES } from "./otel_scenes.ts";

for (const [name, scene] of Object.entries(SCENES)) {
  try {
    await scene();
  } catch (error) {
    console.log(`${name}\n${(error as Error).stack}`);
    process.exitCode = 1;
  }
}
console.log(process.exitCode ? "failed" : "ok");
process.exit(); // some leave timers behind

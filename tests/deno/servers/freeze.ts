// Freezes processes: stops one until its connections are gone, lets it go on, and hears what it says.

import { FROZEN, type Told } from "./frozen.ts";
import type { Kind } from "./server.ts";
import { soon } from "./soon.ts";
import { sleep } from "../../helpers/until.ts";

/** More than a second and the time between its rounds: less is no gap. */
const STOPPED = 1_300;

/** What the process says that `command` starts, of its pool with `health` and of that without. */
export async function freeze(kind: Kind, command: string[]): Promise<[Told, Told]> {
  await using server = await kind.open(2 * FROZEN);
  const [program = "", ...args] = [...command, server.account, String(server.port)];
  await using child = new Deno.Command(program, {
    args,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
  await lines.next(); // it is ready
  child.kill("SIGSTOP");
  try {
    await sleep(STOPPED);
    if (kind.patient) await server.terminate();
    await soon(async () => await server.count() === 0, () => "the server keeps them", 2_000);
  } finally {
    child.kill("SIGCONT");
  }
  const { value = "" } = await lines.next();
  await child.status;
  return JSON.parse(value);
}

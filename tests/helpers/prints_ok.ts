// Programs that judge themselves: one prints "ok", and ends well.

import { assertEquals } from "@std/assert";

/** Fails with what the program has printed, unless that is "ok"; `ms` is the time it may take. */
export async function assertPrintsOk([file = "", ...args]: string[], ms: number): Promise<void> {
  const { code, stdout, stderr } = await new Deno.Command(file, {
    args,
    signal: AbortSignal.timeout(ms),
    env: { NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder();
  assertEquals([text.decode(stdout), code], ["ok\n", 0], text.decode(stderr));
}

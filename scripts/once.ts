// Makes a directory once, for all processes that want it: one makes it, the others wait for that.

import { exists } from "./sources.ts";

/** `make` fills a directory beside it, which gets that name when it is complete. */
export async function madeOnce(home: string, make: (part: string) => Promise<void>): Promise<void> {
  if (exists(home)) return;
  await Deno.mkdir(home.slice(0, home.lastIndexOf("/")), { recursive: true });
  using lock = await Deno.open(`${home}.lock`, { create: true, write: true });
  // The lock ends with the open file, also if this process is killed.
  await lock.lock(true);
  if (!exists(home)) await madeWhole(home, make);
}

/** A directory that was left half-made never gets the name of a whole one. */
async function madeWhole(home: string, make: (part: string) => Promise<void>): Promise<void> {
  const part = `${home}.${Deno.pid}.part`;
  await Deno.mkdir(part, { recursive: true });
  try {
    await make(part);
    await Deno.rename(part, home);
  } finally {
    if (exists(part)) await Deno.remove(part, { recursive: true });
  }
}

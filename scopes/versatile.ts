// The scope versatile: the best one that this runtime has, chosen at run time.

import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { runtime } from "./runtime.ts";
import type { Frame, Host, Scope } from "./scope.ts";
import { workers } from "./workers.ts";

/** An unknown one is most often somebody's edge platform: frames that share nothing are safe there. */
const best = { workers, deno, bun, node }[runtime() ?? "workers"];

/** The asynchronous flow or request, on every runtime: the same frames as of the scope for this one. */
export const versatile: Scope = {
  name: "versatile",
  ready: (): Promise<void> => best.ready(),
  current: (): Frame | undefined => best.current(),
  run: <R>(fn: () => R, host?: Host): R => best.run(fn, host),
  open: (host?: Host): Frame => best.open(host),
};

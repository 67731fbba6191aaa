// The scope versatile: the best one that this runtime has, chosen at run time.

import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { runtime } from "./runtime.ts";
import type { Frame, Host, Scope } from "./scope.ts";
import { workers } from "./workers.ts";

/** An unknown one is most often somebody's edge platform: frames that share nothing are safe there. */
const best = { workers, deno, bun, node }[runtime() ?? "workers"];

/** A class, for `current` to be found as fast as that of any scope: see bench/README.md. */
class Versatile implements Scope {
  readonly name = "versatile";

  ready(): Promise<void> {
    return best.ready();
  }

  current(): Frame | undefined {
    return best.current();
  }

  run<R>(fn: () => R, host?: Host): R {
    return best.run(fn, host);
  }

  open(host?: Host): Frame {
    return best.open(host);
  }
}

/** The asynchronous flow or request, on every runtime: the same frames as of the scope for this one. */
export const versatile: Scope = new Versatile();

// The scope versatile: the best scope of this runtime, chosen at run time.

import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import { runtime } from "./runtime.ts";
import type { Frame, Host, Scope } from "./scope.ts";
import { workers } from "./workers.ts";

/** A bundler may leave it out of a program that has no scope. */
const best = /* @__PURE__ */ ofRuntime();

/** An unknown runtime is most often an edge platform: frames that share nothing are safe there. */
function ofRuntime(): Scope {
  return { workers, deno, bun, node }[runtime() ?? "workers"];
}

/** A class, so that the engine finds `current` as fast as in other scopes: see bench/README.md. */
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

/**
 * The scope of the asynchronous flow or request, on every runtime. It has the frames of the
 * runtime's own scope.
 */
export const versatile: Scope = /* @__PURE__ */ new Versatile();

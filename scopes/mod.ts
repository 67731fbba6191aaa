/**
 * Scopes: which code shares an object of a `Proxy`: a request, a thread or a process. Give one to a
 * proxy, or its name.
 *
 * ```ts
 * import { Proxy } from "@x/proxypool";
 * import { versatile } from "@x/proxypool/scopes";
 *
 * let made = 0;
 * const id = new Proxy({ fun: () => ({ n: ++made }), scope: versatile });
 * versatile.run(() => console.assert(id.n === 1 && id.n === 1)); // one request
 * versatile.run(() => console.assert(id.n === 2)); // another one
 * ```
 *
 * @module
 */

import { bun } from "./bun.ts";
import { deno } from "./deno.ts";
import { node } from "./node.ts";
import type { Scope } from "./scope.ts";
import { shared } from "./shared.ts";
import { thread } from "./thread.ts";
import { versatile } from "./versatile.ts";
import { workers } from "./workers.ts";

export type { Frame, Host, Scope } from "./scope.ts";
export { type FrameOptions, ScopeFrame } from "./frame.ts";
export { type FlowOptions, FlowScope } from "./flow.ts";
export { PermanentScope } from "./permanent.ts";
export type { Runtime } from "./runtime.ts";
export { bun, deno, node, shared, thread, versatile, workers };

/** The names of the scopes. */
export type ScopeName = "shared" | "thread" | "workers" | "deno" | "bun" | "node" | "versatile";

/** The scopes by their names. */
export const scopes: Readonly<Record<ScopeName, Scope>> = {
  shared,
  thread,
  workers,
  deno,
  bun,
  node,
  versatile,
};

// The scope deno: one frame for each asynchronous flow on Deno.

import { FlowScope } from "./flow.ts";
import type { Scope } from "./scope.ts";

/** The scope of an asynchronous flow on Deno: `deno.run(() => …)` around each request. */
export const deno: Scope = /* @__PURE__ */ new FlowScope("deno", { runtime: "deno" });

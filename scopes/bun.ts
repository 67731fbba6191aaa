// The scope bun: one frame for each asynchronous flow on Bun.

import { FlowScope } from "./flow.ts";
import type { Scope } from "./scope.ts";

/** The scope of an asynchronous flow on Bun: `bun.run(() => …)` around each request. */
export const bun: Scope = /* @__PURE__ */ new FlowScope("bun", { runtime: "bun" });

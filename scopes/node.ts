// The scope node: one frame for each asynchronous flow on Node.

import { FlowScope } from "./flow.ts";
import type { Scope } from "./scope.ts";

/** The scope of an asynchronous flow on Node: `node.run(() => …)` around each request. */
export const node: Scope = /* @__PURE__ */ new FlowScope("node", { runtime: "node" });

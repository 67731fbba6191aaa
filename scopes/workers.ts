// The scope workers: one frame for each request to a Cloudflare Worker, or for another context
// object.

import { FlowScope } from "./flow.ts";
import type { Scope } from "./scope.ts";

/**
 * The scope of a request to a Cloudflare Worker: `workers.run(() => …, ctx)`. Requests cannot share
 * I/O, so a pooled proxy has a pool for each request, closed at its end through `ctx.waitUntil`. It
 * works on other runtimes, too.
 */
export const workers: Scope = /* @__PURE__ */ new FlowScope("workers", { ioBound: true });

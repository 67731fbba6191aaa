// The scope workers: one frame for each request to a Cloudflare Worker, or for any other context.

import { FlowScope } from "./flow.ts";
import type { Scope } from "./scope.ts";

/**
 * The request to a Cloudflare Worker: `workers.run(() => …, ctx)`. I/O cannot be shared between these,
 * so that a pooled proxy has a pool for each, closed at its end through `ctx.waitUntil`. Works on
 * other runtimes, too.
 */
export const workers: Scope = new FlowScope("workers", { ioBound: true });

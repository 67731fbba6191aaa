// The scope thread: one frame for each thread. Each Worker loads its own modules, and so has its
// own frame.

import { PermanentScope } from "./permanent.ts";
import type { Scope } from "./scope.ts";

/** The scope of the thread: one object for the main thread, and one for each Worker. */
export const thread: Scope = /* @__PURE__ */ new PermanentScope("thread");

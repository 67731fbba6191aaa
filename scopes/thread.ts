// The scope thread: one frame for each thread. Each Worker loads modules of its own, hence this one.

import { PermanentScope } from "./permanent.ts";
import type { Scope } from "./scope.ts";

/** The thread, in whose frame all of its code is: one object for the main thread and each Worker. */
export const thread: Scope = new PermanentScope("thread");

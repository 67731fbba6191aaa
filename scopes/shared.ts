// The scope shared: one frame for the whole process, or isolate.

import { PermanentScope } from "./permanent.ts";
import type { Scope } from "./scope.ts";

/** The process (isolate), in whose frame all code is: one object for everybody. */
export const shared: Scope = new PermanentScope("shared");

// The scope shared: one frame for the whole process, or isolate.

import { PermanentScope } from "./permanent.ts";
import type { Scope } from "./scope.ts";

/** The scope of the process (isolate): all code shares one object. */
export const shared: Scope = /* @__PURE__ */ new PermanentScope("shared");

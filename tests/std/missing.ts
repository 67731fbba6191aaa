// What stands for a module of Node's where a Worker has none: whatever is done with it, but to make
// instances, skips the test that does it.

import { NotHere } from "../helpers/not_here.ts";

export function missing(what: string): unknown {
  const refuse = () => {
    throw new NotHere(`there is no ${what}`);
  };
  // Instances may be made at top level, outside of any test.
  const thing: object = new Proxy(class {}, { get: refuse, apply: refuse, construct: () => thing });
  return thing;
}

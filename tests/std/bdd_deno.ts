// Stand-in for @std/testing/bdd on Deno, over Deno.test: its node:test keeps quiet about errors that
// nobody caught in timers and at top level.

import { bdd } from "./steps.ts";

export const { describe, it, beforeAll, beforeEach, afterEach, afterAll } = bdd((step) =>
  Deno.test(step)
);

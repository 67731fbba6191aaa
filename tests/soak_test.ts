// A short soak: `deno task test:soak` runs it for long, and watches the heap.

import { assert, assertEquals } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { soak } from "./soak/soak.ts";

describe("a soak", () => {
  it("of 5000 gets by 200 tasks meets no fault", async () => {
    const seed = 20261125; // `test:soak` takes others
    const { faults, counted, totals } = await soak({ gets: 5000, tasks: 200, seed });
    assertEquals(faults, [], `--seed ${seed}`);
    // What does not happen tests nothing.
    assert(counted.lent > 1000 && counted.aborted > 100 && totals.made > 50, `${seed}`);
  });
});

// Killed: has a server end all sessions while many use them, and counts who hears of it.

import { assert, assertEquals } from "@std/assert";
import { sleep } from "../../helpers/until.ts";
import { soon } from "./soon.ts";

/** What is used while all its sessions are killed. */
export interface Used {
  /** How many sessions it has at most. */
  size: number;
  /** How many use it. */
  users?: number;
  /** How many of them may fail for a session: by its query, and by what its user sends to clean up. */
  each?: number;
  /** By how many ms it may take longer to serve all again than it took before, on a machine as busy. */
  within?: number;
  ask(): Promise<unknown>;
  /** Has the server end all of them; resolves when they are gone. */
  terminate(): Promise<void>;
  /** What there is to be seen of its pool. */
  show(): string;
}

/**
 * Three times all sessions are killed under load: about one failure for each query under way, none for who
 * asks later, and all are served again soon.
 */
export async function killed(
  { size, users: many = 3 * size, each = 2, within = 1_000, ask, terminate, show }: Used,
): Promise<void> {
  let over = false;
  let served = 0;
  const failures: { at: number; error: unknown }[] = [];
  const users = Array.from({ length: many }, async () => {
    while (!over) {
      const at = performance.now();
      try {
        await ask();
        served++;
      } catch (error) {
        failures.push({ at, error });
        await sleep(1);
      }
    }
  });
  try {
    for (let round = 0; round < 3; round++) {
      const begun = performance.now();
      const enough = served + 3 * many;
      await soon(() => served >= enough, () => `it does not answer: ${show()}`, 10_000);
      const usual = performance.now() - begun;
      failures.length = 0;
      await terminate();
      const then = performance.now();
      const again = served + 3 * many;
      await soon(() => served >= again, () => `it answers no more: ${show()}`, within + usual);
      assert(failures.length <= each * size, `${failures.map(({ error }) => error)}`);
      assertEquals(failures.filter(({ at }) => at > then).map(({ error }) => error), []);
    }
  } finally {
    over = true;
    await Promise.all(users);
  }
}

// Serve: gives free places to waiting members of all threads, and frees those of ended threads.

import { after } from "../../pool/clock.ts";
import { nextOf } from "./rules.ts";
import type { Table } from "./table.ts";

/** How often to look for ended threads while a member waits, in ms. */
export const EVERY = 250;

/** For how long the places of an ended thread are kept, in ms: the runtime may still close its sockets. */
const GRACE = 100;

/** Gives each free place to the next member, and wakes it, but for the one in the slot `self`. */
export function serve(table: Table, self?: number): void {
  for (;;) {
    const picture = table.look();
    const next = nextOf(picture);
    if (next === undefined || picture.place === undefined) return;
    if (table.give(picture.place, next) && next.slot !== self) table.ring(next);
  }
}

/** Looks for threads that have ended. */
export function sweep(table: Table): void {
  for (const seat of table.ended(EVERY)) {
    after(GRACE, false, () => {
      table.remove(seat);
      serve(table);
    });
  }
}

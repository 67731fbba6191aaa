// Serve: gives free places to those who wait, in whatever thread, and frees those of threads that have ended.

import { after } from "../../pool/clock.ts";
import { nextOf } from "./rules.ts";
import type { Table } from "./table.ts";

/** How often it is asked whether threads have ended, over all threads, in ms, while somebody waits. */
export const EVERY = 250;

/** For so long, in ms, the places of a thread that has ended are kept: its sockets are being closed. */
const GRACE = 100;

/** Gives each free place to who is next. All are rung who get one but `self`. */
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

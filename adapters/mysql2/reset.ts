// Reset: rolls back a session between two borrowers.

import { after } from "../../pool/clock.ts";
import { ask, type Core } from "./driver.ts";
import type { Status } from "./status.ts";
import type { Streams } from "./streams.ts";

/** How long a stream that was left open may take to end, in ms. */
const PATIENCE = 1_000;

/** Independent of `completion_type`. */
const ROLLBACK = "rollback and no chain no release";

/** Waits until the server has answered all commands of the last borrower: it answers in order. */
export async function settle(core: Core, streams: Streams): Promise<void> {
  const wasOpen = !streams.isEmpty;
  streams.close();
  core.resume(); // rows that nobody reads would block all later answers
  const answered = ask(core, "ping");
  await (wasOpen ? inTime(answered) : answered);
}

function inTime(answered: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = after(PATIENCE, true, () => reject(new Error("a stream was left open")));
    answered.then(() => resolve(), reject).finally(late);
  });
}

/** Rolls back an open transaction, and restores `autocommit`. */
export async function rollback(core: Core, status: Status): Promise<void> {
  if (status.isOpen) await ask(core, "query", ROLLBACK);
  // After the rollback: to set it commits an open transaction.
  const { autocommit } = status;
  if (autocommit !== undefined) await ask(core, "query", `set autocommit = ${Number(autocommit)}`);
}

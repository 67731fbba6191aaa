// Resets a session between two borrowers.

import { after } from "../../pool/clock.ts";
import { ask, type Core, isDead, type Stream } from "./driver.ts";
import type { Status } from "./status.ts";

/** How long a stream that was left open may take to end, in ms. */
const PATIENCE = 1_000;

/** Whatever `completion_type` is. */
const ROLLBACK = "rollback and no chain no release";

/**
 * Waits until the server has answered all that the last borrower asked: what is asked last is answered
 * last.
 *
 * @param streams those that were left open
 */
export async function settle(core: Core, streams: Iterable<Stream>): Promise<void> {
  const open = [...streams];
  for (const stream of open) {
    // Its user has gone; an `error` that nobody hears would end the process.
    stream.on("error", () => {});
    stream.destroy();
  }
  core.resume();
  const answered = ask(core, "ping");
  await (open.length === 0 ? answered : inTime(answered));
}

function inTime(answered: Promise<unknown>): Promise<void> {
  return new Promise((resolve, reject) => {
    const late = after(PATIENCE, true, () => reject(new Error("a stream was left open")));
    answered.then(() => resolve(), reject).finally(late);
  });
}

/** Ends an open transaction; the next statement is one of its own, if it was so at first. */
export async function rollback(core: Core, status: Status): Promise<void> {
  if (status.isOpen) await ask(core, "query", ROLLBACK);
  // In this order: setting it commits what is open.
  const { autocommit } = status;
  if (autocommit !== undefined) await ask(core, "query", `set autocommit = ${Number(autocommit)}`);
}

/** What fails because the session has died is no failure: the pool has heard of it. */
export async function unlessDead(core: Core, work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isDead(core)) throw error;
  }
}

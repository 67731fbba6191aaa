// Snapshot: what a session has when it is new, which it has again after each borrower.

import { ask, type Core } from "./driver.ts";
import type { Login } from "./login.ts";
import { goBack, type Place, placeOf } from "./place.ts";
import { setAgain, userVariablesOf, variablesOf } from "./variables.ts";

/** What one session is to have. */
export interface Snapshot {
  readonly place: Place;
  /** Sets what is not as the server has it; nothing: "". */
  readonly statement: string;
}

/**
 * Takes it, and resets the session to it, once: what differs then from what was there is what is to be
 * set again.
 *
 * @param names of user variables, which a server does not list
 */
export async function takeSnapshot(
  core: Core,
  names: Iterable<string>,
  login: Login,
): Promise<Snapshot> {
  const place = await placeOf(core);
  const wanted = await variablesOf(core);
  const own = await userVariablesOf(core, names);
  login.keep();
  await login.reset();
  const all = [...await setAgain(core, wanted, await variablesOf(core)), ...own];
  const snapshot = { place, statement: all.length === 0 ? "" : `set ${all.join()}` };
  await restore(core, snapshot, login);
  return snapshot;
}

/** Resets a session to it. */
export async function resetTo(core: Core, snapshot: Snapshot, login: Login): Promise<void> {
  await login.reset();
  await restore(core, snapshot, login);
}

async function restore(core: Core, { place, statement }: Snapshot, login: Login): Promise<void> {
  await goBack(core, place, login);
  if (statement !== "") await ask(core, "query", statement);
}

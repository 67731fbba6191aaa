// Snapshot: the state of a new session, restored after each borrower.

import { ask, type Core } from "./driver.ts";
import type { Login } from "./login.ts";
import { goBack, type Place, placeOf } from "./place.ts";
import { setAgain, userVariablesOf, variablesOf } from "./variables.ts";

/** The state to restore. */
export interface Snapshot {
  readonly place: Place;
  /** Sets the values that differ from the server's; "" if none differs. */
  readonly statement: string;
}

/**
 * Takes a snapshot: resets the session once. The values that this changed are the ones to set
 * again.
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

/** Resets a session to its snapshot. */
export async function resetTo(core: Core, snapshot: Snapshot, login: Login): Promise<void> {
  await login.reset();
  await restore(core, snapshot, login);
}

async function restore(core: Core, { place, statement }: Snapshot, login: Login): Promise<void> {
  await goBack(core, place, login);
  if (statement !== "") await ask(core, "query", statement);
}

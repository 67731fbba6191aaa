// Place: the database and the role of a session, which a reset by the protocol does not change.

import { ask, type Core } from "./driver.ts";
import type { Login } from "./login.ts";
import { bytesOf, quoted, rowsOf } from "./rows.ts";

/** "FUNCTION does not exist": a server without roles. */
const NO_FUNCTION = 1305;

/** The place of one session. */
export interface Place {
  readonly database: string | null;
  /** Undefined on servers without roles. */
  readonly role: string | null | undefined;
  /** An SQL expression: 1 if the session is at this place, else 0. */
  readonly check: string;
}

/** The present place of a session. */
export async function placeOf(core: Core): Promise<Place> {
  const { rows: [row] } = await rowsOf(core, "select database(), current_role()")
    .catch((error) => {
      if (error.errno !== NO_FUNCTION) throw error;
      return rowsOf(core, "select database()");
    });
  const [database = null, role] = row!;
  const checks = [isThis("database()", database)];
  if (role !== undefined) checks.push(isThis("current_role()", role));
  return { database, role, check: `select ${checks.join(" and ")}` };
}

/** Compares bytes: names that differ only in case may be those of two tenants. */
function isThis(what: string, value: string | null): string {
  return `cast(${what} as binary) <=> ${value === null ? "null" : bytesOf(value)}`;
}

/** Brings a session back to its place. */
export async function goBack(
  core: Core,
  { database, role, check }: Place,
  login: Login,
): Promise<void> {
  const { rows: [row] } = await rowsOf(core, check);
  if (row![0] === "1") return;
  if (database === null) await login.again();
  else await ask(core, "query", `use ${quoted(database)}`);
  if (role !== undefined) await ask(core, "query", `set role ${roleIn(role)}`);
}

/** MySQL returns roles in SQL syntax, MariaDB returns a bare name. */
function roleIn(role: string | null): string {
  if (role === null || role.toLowerCase() === "none") return "none";
  return role.includes("`") ? role : quoted(role);
}

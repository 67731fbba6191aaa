// Resets a session between two borrowers.

import { PoolError } from "../../errors.ts";
import { after } from "../../pool/clock.ts";
import { quiet } from "../../values.ts";
import { type Client, isBusy, type Rows, type Submittable } from "./driver.ts";

/** How long a cursor, a stream or a COPY that was left open may take to end, in ms. */
const PATIENCE = 1_000;

/**
 * Waits until the server has answered all that the last borrower asked. It takes no round trip: the
 * driver says when it has nothing to do.
 *
 * @returns false if the session has ended meanwhile
 */
export function settle(client: Client): Promise<boolean> {
  // Some shapes do not tell. What is queued last is answered last.
  if (client.readyForQuery === undefined) return client.query("").then(() => true);
  const open = client._activeQuery;
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => () => {
      late?.();
      client.removeListener("drain", drained);
      client.removeListener("end", ended);
      settle();
    };
    const drained = end(() => resolve(true));
    const ended = end(() => resolve(false));
    const late = isOpen(open)
      ? after(PATIENCE, true, end(() => reject(new Error("a cursor or stream was left open"))))
      : undefined;
    client.on("drain", drained);
    client.on("end", ended);
    if (isOpen(open)) close(open);
  });
}

/** A cursor, a stream or a COPY ends only when its user says so. */
function isOpen(query: Submittable | null | undefined): query is Submittable {
  return typeof query?.close === "function" || typeof query?.destroy === "function";
}

function close(query: Submittable): void {
  // Its user has gone; an `error` that nobody hears would end the process.
  query.on?.("error", () => {});
  try {
    quiet(query.close === undefined ? query.destroy!() : query.close(), () => {});
  } catch {
    // The time limit sees to it.
  }
}

/** What `discard all` does, which cannot follow a rollback in one message. */
const RESET = [
  "close all",
  "set session authorization default",
  "reset role",
  "reset all",
  "deallocate all",
  "unlisten *",
  "discard temp",
  "discard sequences",
];

/** Its column is not called by its name: that is how a session slot knows that a borrower has done it. */
const UNLOCK = "select pg_advisory_unlock_all() as unlocked";

/**
 * Gives up all advisory locks of the session but those given. The transaction of the message has these,
 * too, as its own: they are not free at any moment.
 */
function unlockBut(kept: readonly string[]): string[] {
  const take = (by: string) => kept.map((lock) => `${by}${lockOf(lock)}`).join(" and ");
  return kept.length === 0 ? [UNLOCK] : [
    `select ${take("pg_try_advisory_xact_lock")}`,
    UNLOCK,
    `select (${take("pg_try_advisory_lock")})::text as kept`,
  ];
}

/** What takes a lock, of which `pg_locks` shows the halves of the key, how many keys it has, and the mode. */
function lockOf(lock: string): string {
  const [first = "", second = "", keys, mode] = lock.split(" ");
  const signed = (half: string) => `'${BigInt.asIntN(32, BigInt(half))}'::int`;
  const key = BigInt.asIntN(64, BigInt(first) << 32n | BigInt(second));
  const given = keys === "1" ? `'${key}'::int8` : `${signed(first)}, ${signed(second)}`;
  return `${mode === "ShareLock" ? "_shared" : ""}(${given})`;
}

/** What a session has now that it is to have again after each reset. */
const SNAPSHOT = (user: string, names: string[]) =>
  `select 1 as step, 'set' as kind, name, setting as value from pg_settings
  where source = 'session' and name !~ '^transaction_'
union all select 1, 'set', name, current_setting(name, true)
  from unnest(array[${names.join()}]::text[]) as name where current_setting(name, true) <> ''
union all select 2, 'set', 'session_authorization', session_user where session_user <> ${user}
union all select 3, 'set', 'role', current_setting('role') where current_setting('role') <> 'none'
union all select 4, 'listen', channel, '' from pg_listening_channels() as channel
union all select 5, 'lock', format('%s %s %s %s', classid, objid, objsubid, mode), '' from pg_locks
  where locktype = 'advisory' and granted and pid = pg_backend_pid()
order by step`;

/**
 * The statements that reset a session to what it is now: settings, role, LISTEN, advisory locks.
 *
 * @param names of settings that the server does not list
 */
export async function resetOf(client: Client, names: Iterable<string>): Promise<string> {
  if (isBusy(client)) await settle(client);
  const user = client.user === undefined ? "session_user" : literal(client.user);
  const { rows }: Rows = await client.query(SNAPSHOT(user, [...names].map(literal)));
  const of = (kind: string) => rows.filter((row) => row.kind === kind);
  const settings = of("set").map(({ name, value }) =>
    `set_config(${literal(name!)}, ${literal(value!)}, false)`
  );
  return [
    ...RESET,
    ...unlockBut(of("lock").map(({ name }) => name!)),
    ...settings.length === 0 ? [] : [`select ${settings.join()}`],
    ...of("listen").map(({ name }) => `listen "${name!.replaceAll('"', '""')}"`),
  ].join(";\n");
}

/** Good whatever the session has set of how literals and the encoding are read. */
function literal(text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const ascii = plain.replace(
    /[^\0-\x7f]/gu,
    (letter) => `\\U${letter.codePointAt(0)!.toString(16).padStart(8, "0")}`,
  );
  return `E'${ascii}'`;
}

/** Resets a session by `statements`, after what is open was rolled back, in one round trip. */
export async function resetSession(
  client: Client,
  open: boolean,
  statements: string,
): Promise<void> {
  const results: Rows | Rows[] = await client.query(open ? `rollback;\n${statements}` : statements);
  if ([results].flat().some(({ rows }) => rows[0]?.kept === "false")) {
    throw new PoolError(
      "pgPool: a borrower released an advisory lock that opener had taken, " +
        "and another session has it now",
    );
  }
  // The server has forgotten them: the driver must send them again.
  const { connection } = client;
  if (connection?.parsedStatements !== undefined) connection.parsedStatements = {};
  if (connection?.submittedNamedStatements !== undefined) connection.submittedNamedStatements = {};
  if (client.namedQueries !== undefined) client.namedQueries = {};
}

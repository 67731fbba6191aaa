// Reset: resets a session between two borrowers.

import { PoolError } from "../../errors.ts";
import { after } from "../../pool/clock.ts";
import { quiet } from "../../values.ts";
import { type Client, isBusy, type Rows, type Submittable } from "./driver.ts";

/** How long a cursor, a stream or a COPY that was left open may take to end, in ms. */
const PATIENCE = 1_000;

/**
 * Waits until the server has answered all queries of the last borrower. It needs no round trip: the
 * driver emits `drain`.
 *
 * @returns false if the session has ended meanwhile
 */
export function settle(client: Client): Promise<boolean> {
  // Some clients do not show this: then an empty query is answered last.
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

/** Whether it is a cursor, a stream or a COPY: these end only when their user ends them. */
function isOpen(query: Submittable | null | undefined): query is Submittable {
  return typeof query?.close === "function" || typeof query?.destroy === "function";
}

function close(query: Submittable): void {
  // Its user has gone; an `error` without a listener would end the process.
  query.on?.("error", () => {});
  try {
    quiet(query.close === undefined ? query.destroy!() : query.close(), () => {});
  } catch {
    // The time limit handles this.
  }
}

/** The parts of `discard all`, which itself cannot follow a rollback in one message. */
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

/**
 * The column has another name, so that a session slot can distinguish it from a borrower's unlock.
 */
const UNLOCK = "select pg_advisory_unlock_all() as unlocked";

/**
 * Releases all advisory locks of the session except the given ones. The message's transaction also
 * takes these, so that they are never free.
 */
function unlockBut(kept: readonly string[]): string[] {
  const take = (by: string) => kept.map((lock) => `${by}${lockOf(lock)}`).join(" and ");
  return kept.length === 0 ? [UNLOCK] : [
    `select ${take("pg_try_advisory_xact_lock")}`,
    UNLOCK,
    `select (${take("pg_try_advisory_lock")})::text as kept`,
  ];
}

/**
 * The statement that takes a lock. `pg_locks` shows the halves of its key, the number of keys, and
 * its mode.
 */
function lockOf(lock: string): string {
  const [first = "", second = "", keys, mode] = lock.split(" ");
  const signed = (half: string) => `'${BigInt.asIntN(32, BigInt(half))}'::int`;
  const key = BigInt.asIntN(64, BigInt(first) << 32n | BigInt(second));
  const given = keys === "1" ? `'${key}'::int8` : `${signed(first)}, ${signed(second)}`;
  return `${mode === "ShareLock" ? "_shared" : ""}(${given})`;
}

/** The query for the state that each reset restores. */
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
 * The statements that reset a session to its present state: settings, role, LISTEN, advisory locks.
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

/** A literal that does not depend on the session's settings of quotes and encoding. */
function literal(text: string): string {
  const plain = text.replaceAll("\\", "\\\\").replaceAll("'", "''");
  const ascii = plain.replace(
    /[^\0-\x7f]/gu,
    (letter) => `\\U${letter.codePointAt(0)!.toString(16).padStart(8, "0")}`,
  );
  return `E'${ascii}'`;
}

/** Rolls back an open transaction and runs `statements`, in one round trip. */
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
  // The server has dropped prepared statements: the driver must send them again.
  const { connection } = client;
  if (connection?.parsedStatements !== undefined) connection.parsedStatements = {};
  if (connection?.submittedNamedStatements !== undefined) connection.submittedNamedStatements = {};
  if (client.namedQueries !== undefined) client.namedQueries = {};
}

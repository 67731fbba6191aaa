// Variables: makes the statement that restores the variables of a session after a reset.

import { ask, type Core } from "./driver.ts";
import { bytesOf, quoted, rowsOf } from "./rows.ts";

/** Variables that report events: nobody sets them. */
const TOLD: ReadonlySet<string> = new Set([
  "error_count",
  "identity",
  "in_transaction",
  "insert_id",
  "last_gtid",
  "last_insert_id",
  "pseudo_thread_id",
  "rand_seed1",
  "rand_seed2",
  "timestamp",
  "warning_count",
]);

/** "is a GLOBAL variable", "is a read only variable": a session cannot set these. */
const NOT_ITS_OWN = [1229, 1238];

/** Types of columns that are numbers. */
const NUMBERS = [0, 1, 2, 3, 4, 5, 8, 9, 246];

/** Names of user variables. */
const NAME = /(?<![@\w$.])@(?:`((?:[^`]|``)+)`|'([^']+)'|"([^"]+)"|([\p{L}\p{N}_$.]+))/gu;

/** All variables of a session, as strings. */
export async function variablesOf(core: Core): Promise<Map<string, string>> {
  const { rows } = await rowsOf(core, "show session variables");
  return new Map(rows as [string, string][]);
}

/** Sets the variables that differ from `before`, and returns the statements. */
export async function setAgain(
  core: Core,
  wanted: ReadonlyMap<string, string>,
  before: ReadonlyMap<string, string>,
): Promise<string[]> {
  const changed = [...wanted].filter(([name, value]) =>
    !TOLD.has(name) && before.get(name) !== value
  );
  if (changed.length === 0) return [];
  const { fields } = await rowsOf(core, `select ${changed.map(([name]) => `@@${name}`).join()}`);
  const done: string[] = [];
  for (const [i, [name, value]] of changed.entries()) {
    const assignment = `@@session.${name} = ${valueOf(name, value, fields[i]!.columnType)}`;
    if (await set(core, assignment)) done.push(assignment);
  }
  return done;
}

function valueOf(name: string, value: string, type: number | undefined): string {
  if (name === "character_set_results" && value === "") return "null";
  // Booleans have a numeric type, too, but are shown as ON and OFF.
  if (NUMBERS.includes(type!) && /^-?\d+(\.\d+)?$/.test(value)) return value;
  return `convert(${bytesOf(value)} using utf8mb4)`;
}

/** Sets a variable; false if a session cannot set it. */
async function set(core: Core, assignment: string): Promise<boolean> {
  try {
    await ask(core, "query", `set ${assignment}`);
    return true;
  } catch (error) {
    if (NOT_ITS_OWN.includes((error as { errno?: number }).errno!)) return false;
    throw error;
  }
}

/** Collects the names of user variables (@tenant) in all queries of a session until `end`. */
export function watchNames(core: Core): { names: Set<string>; end(): void } {
  const names = new Set<string>();
  const { addCommand } = core;
  const watching: Core["addCommand"] = (command) => {
    for (const text of [command.sql, command.query]) {
      if (typeof text === "string") collect(text, names);
    }
    return Reflect.apply(addCommand, core, [command]);
  };
  core.addCommand = watching;
  return {
    names,
    end: () => {
      if (core.addCommand === watching) Reflect.deleteProperty(core, "addCommand");
    },
  };
}

function collect(text: string, names: Set<string>): void {
  for (const [, ...kinds] of text.matchAll(NAME)) {
    names.add(kinds.find((name) => name !== undefined)!.replaceAll("``", "`"));
  }
}

/** The assignments that restore the user variables of these names. */
export async function userVariablesOf(core: Core, names: Iterable<string>): Promise<string[]> {
  const all = [...names].map((name) => `@${quoted(name)}`);
  if (all.length === 0) return [];
  const columns = all.flatMap((name) => [
    name,
    `hex(cast(${name} as binary))`,
    `charset(${name})`,
    `collation(${name})`,
  ]);
  const { rows: [row], fields } = await rowsOf(core, `select ${columns.join()}`);
  return all.flatMap((name, i) => {
    const [value, bytes, charset, collation] = row!.slice(4 * i, 4 * i + 4);
    if (value === null) return [];
    if (NUMBERS.includes(fields[4 * i]!.columnType!)) return [`${name} = ${value}`];
    if (charset === "binary") return [`${name} = x'${bytes}'`];
    return [`${name} = _${charset} x'${bytes}' collate ${collation}`];
  });
}

// Marks: the state that the commands of a borrower have left in a session.

import { quiet } from "../../values.ts";

/** The notes of a session between two resets. */
export class Marks {
  /** A transaction may be open. */
  transaction = false;
  /** Keys may be watched. */
  watch = false;
  /** Another database may be selected. */
  database = false;
  /** State that only `RESET` undoes may have changed: user, protocol, name, tracking. */
  state = false;
  /** A command that was sent and cannot be undone, or confuses the driver. */
  lost: string | undefined;
  /** A blocking command was sent; it may have ended. */
  blocking = false;

  readonly #strange: ReadonlySet<string>;

  /** @param strange the commands that confuse the driver, in capitals */
  constructor(strange: readonly string[]) {
    this.#strange = new Set(strange);
  }

  /** Whether the session is unchanged. */
  get clean(): boolean {
    return !(this.transaction || this.watch || this.database || this.state) &&
      this.lost === undefined;
  }

  /** Clears the notes. */
  clear(): void {
    this.transaction =
      this.watch =
      this.database =
      this.state =
      this.blocking =
        false;
    this.lost = undefined;
  }

  /**
   * Notes a command that is being sent.
   *
   * @param first its first argument, such as `TRACKING` of `CLIENT TRACKING`
   * @param answer settles once the server has answered
   */
  note(name: unknown, first: unknown, answer: unknown): void {
    const word = upper(name);
    const rule = this.#strange.has(word) ? loses : RULES.get(word);
    if (rule !== undefined) rule(this, word, first, answer);
  }
}

type Rule = (marks: Marks, word: string, first: unknown, answer: unknown) => void;

const opens: Rule = (marks) => marks.transaction = true;
const watches: Rule = (marks) => marks.watch = true;
const selects: Rule = (marks) => marks.database = true;
const sets: Rule = (marks) => marks.state = true;
const blocks: Rule = (marks) => marks.blocking = true;
const loses: Rule = (marks, word) => marks.lost = word;

/** Ends a transaction and clears watched keys; if it fails, the state is unknown. */
const ends: Rule = (marks, _word, _first, answer) => {
  marks.transaction = marks.watch = false;
  quiet(answer, () => marks.transaction = true);
};

/** The effect of `CLIENT` on its session, by the next word. Other words count as unknown. */
const CLIENT: Readonly<Record<string, Rule | undefined>> = {
  CACHING: sets,
  "NO-TOUCH": sets,
  SETNAME: sets,
  TRACKING: sets,
  ...of("GETNAME GETREDIR HELP ID INFO KILL LIST PAUSE TRACKINGINFO UNBLOCK UNPAUSE", () => {}),
};

const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>(Object.entries({
  MULTI: opens,
  ...of("EXEC DISCARD", ends),
  WATCH: watches,
  SELECT: selects,
  ...of("ASKING AUTH HELLO READONLY READWRITE RESET", sets),
  ...of("MONITOR PSYNC QUIT REPLCONF SHUTDOWN SYNC", loses),
  ...of("BLMOVE BLMPOP BLPOP BRPOP BRPOPLPUSH BZMPOP BZPOPMAX BZPOPMIN", blocks),
  ...of("WAIT WAITAOF XREAD XREADGROUP", blocks),
  CLIENT: (marks, word, first, answer) => {
    const next = upper(first);
    const rule = Object.hasOwn(CLIENT, next) ? CLIENT[next]! : loses;
    rule(marks, `${word} ${next}`, first, answer);
  },
  SCRIPT: (marks, word, first) => {
    if (upper(first) === "DEBUG") marks.lost = `${word} DEBUG`;
  },
  HIMPORT: (marks, word, first) => {
    if (upper(first) !== "SET") marks.lost = word;
  },
}));

function of(words: string, rule: Rule): Record<string, Rule> {
  return Object.fromEntries(words.split(" ").map((word) => [word, rule]));
}

/** Commands may be buffers, and in lower case. */
function upper(word: unknown): string {
  return String(word).toUpperCase();
}

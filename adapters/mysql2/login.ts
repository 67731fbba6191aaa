// Login: resets a session by the protocol, and mysql2's notes of it.

import { ask, type Core } from "./driver.ts";

/** mysql2's notes of a session. */
interface Notes {
  readonly config: readonly (readonly [key: PropertyKey, value: unknown])[];
  readonly encoding: unknown;
}

/** The login of one session. */
export class Login {
  readonly #core: Core;
  readonly #changeUser: Core["changeUser"];
  readonly #first: Notes;
  #kept: Notes;
  #isChanged = false;

  constructor(core: Core) {
    this.#core = core;
    this.#changeUser = core.changeUser;
    this.#first = this.#kept = notesOf(core);
    core.changeUser = (...args) => {
      this.#isChanged = true;
      return Reflect.apply(this.#changeUser, core, args);
    };
  }

  /** Whether a borrower may have changed the login. */
  get isChanged(): boolean {
    return this.#isChanged;
  }

  /** Keeps the present state: each reset restores it. */
  keep(): void {
    this.#kept = notesOf(this.#core);
  }

  /** Resets the session in one round trip; keeps the database and, on MariaDB, the role. */
  async reset(): Promise<void> {
    const core = this.#core;
    if (this.#isChanged || typeof core.reset !== "function") return await this.again();
    await ask(core, "reset");
    // mysql2 follows `set names latin1`, but not its reset.
    apply(core, this.#kept);
  }

  /** Logs in again: this also resets the database and the role. */
  async again(): Promise<void> {
    const core = this.#core;
    apply(core, this.#first);
    await new Promise<void>((resolve, reject) => {
      const done = (error: unknown) => error ? reject(error) : resolve();
      Reflect.apply(this.#changeUser, core, [{}, done]);
    });
    this.#isChanged = false;
    apply(core, this.#kept);
  }
}

function notesOf({ config, clientEncoding }: Core): Notes {
  const keys = Reflect.ownKeys(config);
  return { config: keys.map((key) => [key, Reflect.get(config, key)]), encoding: clientEncoding };
}

function apply(core: Core, { config, encoding }: Notes): void {
  for (const [key, value] of config) Reflect.set(core.config, key, value);
  core.clientEncoding = encoding;
}

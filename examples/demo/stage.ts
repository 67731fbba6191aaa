// Stage: what a visitor of `--serve` can do to the pool, all of it real.
// @ts-types="@types/pg"
import type { Client } from "pg";
import type { Pool } from "../../mod.ts";
import type { Link } from "./link.ts";
import type { Load, Seen } from "./load.ts";

const SLOW = "select pg_sleep(5)";
export const MOST_PER_SECOND = 500;

export interface State extends Seen {
  rate: number;
  outage: boolean;
}

export class Stage {
  readonly #pool: Pool<Client>;
  readonly #link: Link;
  readonly #load: Load;

  constructor(pool: Pool<Client>, link: Link, load: Load) {
    this.#pool = pool;
    this.#link = link;
    this.#load = load;
  }

  state(): State {
    return { rate: this.#load.rate, outage: !this.#link.isUp, ...this.#load.seen() };
  }

  /** By the name of the button: whether there is such a one, and such a value. */
  async act(name: string, value: string): Promise<boolean> {
    if (name === "load" && /^\d{1,3}$/.test(value) && Number(value) <= MOST_PER_SECOND) {
      this.#load.rate = Number(value);
    } else if (name === "outage" && value === "on") this.#link.cut();
    else if (name === "outage" && value === "off") await this.#link.restore();
    else if (name === "slow") await this.#slow();
    else if (name === "leak") await this.#leak();
    else return false;
    return true;
  }

  async #slow(): Promise<void> {
    const client = await this.#pool.get({ label: "slow query", priority: 1 });
    // If it fails, it is over, too: in an outage, say.
    void client.query(SLOW).catch(() => {}).finally(() => this.#pool.ret(client));
  }

  async #leak(): Promise<void> {
    const { leaked } = this.#pool.stats();
    await this.#pool.get({ label: "leak", priority: 1 });
    void this.#collect(leaked);
  }

  /** A program with little to do might not collect garbage for minutes: it is asked to. */
  async #collect(leaked: number): Promise<void> {
    for (let i = 0; i < 10 && !this.#isSeen(leaked); i++) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      (globalThis as { gc?: () => void }).gc?.();
    }
  }

  #isSeen(before: number): boolean {
    const { leaked, shutdown } = this.#pool.stats();
    return leaked > before || shutdown;
  }
}

// A Redis of the test's own, which it may stop and start, in a directory that is removed.

import { createClient } from "@redis/client";
import { freePort } from "./own_postgres.ts";
import { kindAt } from "./redis.ts";
import type { Kind } from "./server.ts";
import { soon } from "./soon.ts";

/** How many keys it has, and how long it takes to load one, in µs. */
const KEYS = 250;
const EACH = 4_000;

const PROGRAM = "redis-server";

/** Whether its program is installed. */
export async function isInstalled(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command(PROGRAM, { args: ["--version"] }).output();
    return success;
  } catch {
    return false;
  }
}

export class OwnRedis implements AsyncDisposable {
  readonly kind: Kind;
  readonly #dir: string;
  #child: Deno.ChildProcess | undefined;

  /** One that loads for a second from now on. */
  static loading(): Promise<OwnRedis> {
    return OwnRedis.#begun(async (own) => {
      await own.start();
      await own.#fill();
      await own.stop();
      await own.start("--key-load-delay", String(EACH));
    });
  }

  /** One that runs, with nothing in it. */
  static running(): Promise<OwnRedis> {
    return OwnRedis.#begun((own) => own.start());
  }

  static async #begun(begin: (own: OwnRedis) => Promise<void>): Promise<OwnRedis> {
    const own = new OwnRedis(await Deno.makeTempDir(), freePort());
    try {
      await begin(own);
      return own;
    } catch (error) {
      await own[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(dir: string, port: number) {
    this.#dir = dir;
    this.kind = kindAt(port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#dir, { recursive: true });
  }

  /** Resolves when it takes connections. */
  async start(...args: string[]): Promise<void> {
    const { port } = this.kind;
    const where = ["--bind", "127.0.0.1", "--port", String(port), "--dir", this.#dir];
    // It looks at its connections while it loads, whenever it has loaded another key.
    const how = ["--save", "", "--rdbcompression", "no"];
    const often = ["--loading-process-events-interval-bytes", "1024"];
    const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
    const all = [...where, ...how, ...often, ...args];
    this.#child = new Deno.Command(PROGRAM, { args: all, ...stdio }).spawn();
    await soon(() => answers(port), () => "it does not start", 3_000);
  }

  async #fill(): Promise<void> {
    const client = createClient({ socket: { host: "127.0.0.1", port: this.kind.port } });
    await client.connect();
    const value = "x".repeat(1_024);
    await client.mSet(Array.from({ length: KEYS }, (_, i) => [`key${i}`, value] as const));
    await client.sendCommand(["SAVE"]);
    client.destroy();
  }

  /** As in a crash. */
  async stop(): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.status;
    this.#child = undefined;
  }
}

async function answers(port: number): Promise<boolean> {
  try {
    using _connection = await Deno.connect({ hostname: "127.0.0.1", port });
    return true;
  } catch {
    return false;
  }
}

// PgBouncer of a test's own, if it is installed: a pooler between clients and PostgreSQL.

import { freePort } from "../servers/own_postgres.ts";
import type { Place } from "../servers/postgres.ts";
import { soon } from "../servers/soon.ts";

const PATHS = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer"];

/** Where it is, if it is installed; `PGBOUNCER` may say so. */
export function findBouncer(): string | undefined {
  const given = Deno.env.get("PGBOUNCER");
  return [...given ? [given] : [], ...PATHS].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false;
    }
  });
}

/** One that runs. */
export class Bouncer implements AsyncDisposable {
  readonly port: number = freePort();
  readonly #dir: string;
  readonly #process: Deno.ChildProcess;

  /** It shares sessions by that mode. */
  static async start(
    program: string,
    mode: "session" | "transaction",
    { port, database, user }: Place,
  ): Promise<Bouncer> {
    const bouncer = new Bouncer(
      program,
      mode,
      `port=${port} dbname=${database} user=${user}`,
      database,
    );
    const answers = () =>
      Deno.connect({ port: bouncer.port }).then((c) => (c.close(), true), () => false);
    await soon(answers, () => "PgBouncer does not start", 5_000);
    return bouncer;
  }

  private constructor(program: string, mode: string, target: string, database: string) {
    this.#dir = Deno.makeTempDirSync();
    Deno.chmodSync(this.#dir, 0o755);
    const file = `${this.#dir}/pgbouncer.ini`;
    Deno.writeTextFileSync(
      file,
      `[databases]
${database} = host=127.0.0.1 ${target}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${this.port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
default_pool_size = 4
ignore_startup_parameters = extra_float_digits
`,
    );
    const user = Deno.uid() === 0 ? ["-u", "nobody"] : [];
    const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
    this.#process = new Deno.Command(program, { args: ["-q", ...user, file], ...stdio }).spawn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await Deno.remove(this.#dir, { recursive: true });
  }
}

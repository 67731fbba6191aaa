// A PostgreSQL of the test's own, which it may stop and start, in a directory that is removed after it.

import type { Kind } from "./server.ts";
import { kindAt } from "./postgres.ts";

/** How it is stopped: once its sessions have ended, with these told, or as in a crash. */
type Stop = "smart" | "fast" | "immediate";

const PARENTS = ["/usr/lib/postgresql", "/usr/local/pgsql", "/opt/homebrew/opt"];
/** Less safe, which is no matter here, and small. */
const SETTINGS = "-c fsync=off -c unix_socket_directories= " +
  "-c min_wal_size=2MB -c shared_buffers=1MB -c listen_addresses=127.0.0.1";

/** Where its programs are, if they are installed. */
export function findPrograms(): string | undefined {
  const homes = PARENTS.flatMap((parent) => [parent, ...versions(parent)]);
  return homes.map((home) => `${home}/bin`).find((bin) => isFile(`${bin}/initdb`));
}

function versions(parent: string): string[] {
  try {
    return [...Deno.readDirSync(parent)].map(({ name }) => `${parent}/${name}`).sort().reverse();
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** One that runs; its superuser is `root`. */
export class OwnPostgres implements AsyncDisposable {
  readonly kind: Kind;
  readonly #bin: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #connections: number;

  /** `tls`: it takes nothing else; `connections`: how many it takes. */
  static async start(bin: string, { tls = false, connections = 20 } = {}): Promise<OwnPostgres> {
    const own = new OwnPostgres(bin, await Deno.makeTempDir(), freePort(), connections);
    try {
      // It refuses to be run by the superuser of the machine.
      if (Deno.uid() === 0) await run(["chown", "postgres", own.#dir]);
      const account = ["-A", "trust", "-U", "root"];
      await own.#run("initdb", ...account, "--no-sync", "--wal-segsize=1", "--locale=C");
      if (tls) await own.#requireTls();
      await own.start();
      return own;
    } catch (error) {
      await Deno.remove(own.#dir, { recursive: true });
      throw error;
    }
  }

  private constructor(bin: string, dir: string, port: number, connections: number) {
    this.kind = kindAt({ port, user: "root", database: "postgres" });
    this.#bin = bin;
    this.#dir = dir;
    this.#port = port;
    this.#connections = connections;
  }

  /** Resolves when it takes connections. */
  async start(): Promise<void> {
    const log = `${this.#dir}/log`;
    const settings = `-p ${this.#port} -c max_connections=${this.#connections} ${SETTINGS}`;
    await this.#run("pg_ctl", "start", "-w", "-l", log, "-o", settings);
  }

  /** Resolves when it has ended. */
  async stop(how: Stop): Promise<void> {
    await this.#run("pg_ctl", "stop", "-w", "-m", how);
  }

  /** With a certificate of its own, which {@linkcode OwnPostgres.certificate} is. */
  async #requireTls(): Promise<void> {
    const data = `${this.#dir}/data`;
    const files = ["-keyout", `${data}/server.key`, "-out", `${data}/server.crt`];
    const name = ["-subj", "/CN=own", "-addext", "subjectAltName=IP:127.0.0.1"];
    await run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", ...files, ...name]);
    if (Deno.uid() === 0) await run(["chown", "postgres", files[1]!, files[3]!]);
    await Deno.writeTextFile(`${data}/postgresql.conf`, "ssl = on\n", { append: true });
    await Deno.writeTextFile(`${data}/pg_hba.conf`, "hostssl all all 127.0.0.1/32 trust\n");
  }

  /** What its clients must trust. */
  certificate(): Promise<string> {
    return Deno.readTextFile(`${this.#dir}/data/server.crt`);
  }

  /** What it has logged so far. */
  log(): Promise<string> {
    return Deno.readTextFile(`${this.#dir}/log`);
  }

  /** Where it is, for its superuser. */
  get url(): string {
    return `postgres://root@127.0.0.1:${this.#port}/postgres`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop("immediate").catch(() => {}); // it may have ended
    await Deno.remove(this.#dir, { recursive: true });
  }

  #run(program: string, ...args: string[]): Promise<void> {
    const command = [`${this.#bin}/${program}`, "-D", `${this.#dir}/data`, ...args];
    return run(Deno.uid() === 0 ? ["runuser", "-u", "postgres", "--", ...command] : command);
  }
}

/** None that the machine gives to connections: one of these could have it while the server is down. */
export function freePort(): number {
  const port = 20_000 + Math.floor(Math.random() * 12_000);
  try {
    using _listener = Deno.listen({ hostname: "127.0.0.1", port });
    return port;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return freePort();
    throw error;
  }
}

async function run([program = "", ...args]: string[]): Promise<void> {
  // What it starts must not hold pipes of ours open.
  const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
  const { code } = await new Deno.Command(program, { args, cwd: "/", ...stdio }).output();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")}: exit code ${code}`);
}

// An LDAP server of the test's own: OpenLDAP's slapd, in a directory that is removed after it.

import { Client } from "ldapts";
import { exists } from "../../../scripts/sources.ts";
import { freePort } from "../servers/own_postgres.ts";
import type { Server } from "../servers/server.ts";
import { soon } from "../servers/soon.ts";

const PROGRAMS = ["/usr/sbin/slapd", "/usr/libexec/slapd", "/usr/local/libexec/slapd"];
const SCHEMAS = ["/etc/ldap/schema", "/etc/openldap/schema", "/usr/local/etc/openldap/schema"];

export const PASSWORD = "of the service";

/** One that knows two users of the same family name. */
export class Slapd implements Server {
  readonly port = freePort();
  /** Who the service is. */
  readonly account = "cn=service,dc=test";
  readonly url = `ldap://127.0.0.1:${this.port}`;
  readonly #program: string;
  readonly #dir: string;
  readonly #monitor = new Client({ url: this.url });
  #child: Deno.ChildProcess | undefined;

  static async start(): Promise<Slapd> {
    const [program] = PROGRAMS.filter(exists), [schema] = SCHEMAS.filter(exists);
    if (!program || !schema) throw new Error("slapd is not installed");
    const slapd = new Slapd(program, await Deno.makeTempDir());
    try {
      await slapd.#configure(schema);
      await slapd.#start();
      await slapd.#fill();
      return slapd;
    } catch (error) {
      await slapd[Symbol.asyncDispose]();
      throw error;
    }
  }

  private constructor(program: string, dir: string) {
    this.#program = program;
    this.#dir = dir;
  }

  /** By the server's own account of its connections. */
  async count(): Promise<number> {
    const filter = `(monitorConnectionAuthzDN=${this.account})`;
    const { searchEntries } = await this.#monitor.search("cn=Connections,cn=Monitor", { filter });
    return searchEntries.length;
  }

  /** It cannot end single ones: it is started again. */
  async terminate(): Promise<void> {
    await this.#stop();
    await this.#start();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await Deno.remove(this.#dir, { recursive: true });
  }

  async #configure(schema: string): Promise<void> {
    await Deno.mkdir(`${this.#dir}/data`);
    await Deno.writeTextFile(
      `${this.#dir}/conf`,
      `include ${schema}/core.schema
       database ldif
       suffix dc=test
       rootdn ${this.account}
       rootpw "${PASSWORD}"
       directory ${this.#dir}/data
       database monitor
       access to * by * read`.replace(/^ +/gm, ""),
    );
  }

  async #start(): Promise<void> {
    // With -d it stays in the foreground.
    this.#child = new Deno.Command(this.#program, {
      args: ["-d", "0", "-h", this.url, "-f", `${this.#dir}/conf`],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const connected = () => this.#monitor.bind("", "").then(() => true, () => false);
    await soon(connected, () => "slapd does not start", 5_000);
  }

  async #fill(): Promise<void> {
    const client = new Client({ url: this.url });
    await client.bind(this.account, PASSWORD);
    await client.add("dc=test", { objectClass: ["organization", "dcObject"], o: "t", dc: "test" });
    for (const uid of ["ann", "bob"]) {
      const objectClass = ["person", "uidObject"];
      const userPassword = `of ${uid}`;
      await client.add(`uid=${uid},dc=test`, { objectClass, uid, cn: uid, sn: "t", userPassword });
    }
    await client.unbind();
  }

  async #stop(): Promise<void> {
    await this.#monitor.unbind();
    this.#child?.kill("SIGTERM");
    await this.#child?.status;
    this.#child = undefined;
  }
}

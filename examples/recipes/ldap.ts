// LDAP with `ldapts`: sessions of a service that checks passwords.
//
// To check a password, a session binds as that user. From then on it acts for that user. So `retter`
// binds as the service again, before the next borrower gets the session.
//
// Run it: npm install @x/proxypool ldapts && node ldap.ts (or deno run -A, or bun)

import { connect as dial, type Socket } from "node:net";
import process from "node:process";
import { Client, EqualityFilter, InvalidCredentialsError } from "ldapts";
import { Pool } from "@x/proxypool";

/** Where it is, and who the service is. */
export interface Directory {
  url: string;
  dn: string;
  password: string;
}

/** An extended operation that every server knows. */
const WHO_AM_I = "1.3.6.1.4.1.4203.1.11.3";

async function connect({ url, dn, password }: Directory, signal: AbortSignal): Promise<Client> {
  let socket: Socket | undefined;
  const createConnection = (port: number, host: string) => socket = dial({ port, host });
  const client = new Client({
    url,
    timeout: 1_000, // an answer that takes longer is none, and ends the connection
    createConnection: createConnection as typeof dial,
  });
  signal.addEventListener("abort", () => socket?.destroy(signal.reason), { once: true });
  await client.bind(dn, password);
  return client;
}

/** A pool of sessions. */
export function openPool(directory: Directory): Pool<Client> {
  const { dn, password } = directory;
  return new Pool((_n, { signal }) => connect(directory, signal), {
    maxSize: 5, //                a check takes some ms
    timeout: 2_000, //            less than your own caller waits for you
    createTimeout: 2_000, //      connecting takes some milliseconds
    maxAvailDelay: 60_000, //     directories like to end sessions that are idle
    retter: async (client) => {
      if (!client.isBound) throw new Error("the connection was lost while in use");
      await client.bind(dn, password); // a round trip
    },
    // A client that has lost its connection makes another one in silence, as nobody: isBound tells.
    health: async (client) => client.isBound && "oid" in await client.exop(WHO_AM_I),
    healthAfter: 0, //            so it is asked each time: a round trip
    hookTimeout: 1_000,
    closer: (client) => client.unbind(),
    tracer: () => `a session with ${directory.url}`,
  });
}

/** Whether there is exactly one such user, and that is the password. */
export function isUser(
  pool: Pool<Client>,
  base: string,
  { name, password }: { name: string; password: string },
): Promise<boolean> {
  return pool.use(async (client) => {
    const filter = new EqualityFilter({ attribute: "uid", value: name }); // escapes what it is given
    const { searchEntries: [entry, ...more] } = await client.search(base, { filter });
    // With an empty password a bind succeeds, as nobody.
    if (!entry || more.length > 0 || password === "") return false;
    try {
      await client.bind(entry.dn, password);
      return true;
    } catch (error) {
      if (error instanceof InvalidCredentialsError) return false;
      throw error;
    }
  });
}

if (import.meta.main) {
  const { LDAP_URL = "ldap://127.0.0.1", LDAP_DN, LDAP_PASSWORD, LDAP_BASE } = process.env;
  if (!LDAP_DN || !LDAP_PASSWORD || !LDAP_BASE) {
    throw new Error(
      "set LDAP_DN, LDAP_PASSWORD and LDAP_BASE: who the service is, where users are",
    );
  }
  const [name = "somebody", password = "guessed"] = process.argv.slice(2);
  await using pool = openPool({ url: LDAP_URL, dn: LDAP_DN, password: LDAP_PASSWORD });
  console.log(`${name}: ${await isUser(pool, LDAP_BASE, { name, password }) ? "welcome" : "no"}`);
  const { value } = await pool.use((client) => client.exop(WHO_AM_I));
  console.log(`the next borrower: ${value}`);
}

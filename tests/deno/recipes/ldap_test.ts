// The recipe for LDAP, with a real slapd: whose session it is, and each way to lose one.

import { assertEquals, assertRejects } from "@std/assert";
import type { Client } from "ldapts";
import { isUser, openPool } from "../../../examples/recipes/ldap.ts";
import { register } from "./sessions.ts";
import { PASSWORD, Slapd } from "./slapd.ts";

const BASE = "dc=test";
const SERVICE = "dn:cn=service,dc=test";

const who = async (client: Client) => (await client.exop("1.3.6.1.4.1.4203.1.11.3")).value;

await register({
  file: "ldap.ts",
  kind: { name: "LDAP", port: 389, open: () => Slapd.start() },
  open: (dn, port) => openPool({ url: `ldap://127.0.0.1:${port}`, dn, password: PASSWORD }),
  ask: async (client) => {
    if (await who(client) !== SERVICE) throw new Error("it is not the service's");
  },
  program: ({ account, port }) => ({
    env: {
      LDAP_URL: `ldap://127.0.0.1:${port}`,
      LDAP_DN: account,
      LDAP_PASSWORD: PASSWORD,
      LDAP_BASE: BASE,
    },
    args: ["ann", "of ann"],
    prints: ["ann: welcome", `the next borrower: ${SERVICE}`],
  }),
}, {
  async "a user is who knows the password, and nobody else"({ pool }) {
    const is = (name: string, password: string) => isUser(pool, BASE, { name, password });
    assertEquals(await is("ann", "of ann"), true);
    assertEquals(await is("ann", "of bob"), false);
    assertEquals(await is("ann", ""), false);
    assertEquals(await is("nobody", "of ann"), false);
    assertEquals(await is("*", "of ann"), false);
    assertEquals(pool.stats().created, 1);
  },

  async "a session is the service's again, whoever it was"({ pool }) {
    await pool.use(async (client) => {
      await client.bind("uid=ann,dc=test", "of ann");
      assertEquals(await who(client), "dn:uid=ann,dc=test");
    });
    assertEquals(await pool.use(who), SERVICE);
    await pool.use((client) => assertRejects(() => client.bind("uid=ann,dc=test", "no")));
    assertEquals(await pool.use(who), SERVICE);
    assertEquals(pool.stats().created, 1);
  },
});

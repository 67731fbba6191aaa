// The recipe for many tenants, with real databases and a server that itself holds us to the cap.

import { assert, assertEquals } from "@std/assert";
import { openTenants } from "../../../examples/recipes/tenants.ts";
import { type Postgres, postgres } from "../servers/postgres.ts";
import { whySkipped } from "../servers/register.ts";
import { soon } from "../servers/soon.ts";
import { printed, takers } from "./run.ts";

const MOST = 3;
const TENANTS = 6;
const skipped = await whySkipped(postgres);

/** Databases of a server, and a role that may have no more connections than `MOST`. */
async function stage(fn: (names: string[], server: Postgres) => Promise<void>): Promise<void> {
  await using server = await postgres.open(MOST) as Postgres;
  const names = Array.from({ length: TENANTS }, (_, i) => `${server.account}_${i}`);
  const template = "template template0 strategy file_copy"; // which is quick
  for (const name of names) await server.ask(`create database ${name} ${template}`);
  try {
    await fn(names, server);
  } finally {
    await soon(async () => await server.count() === 0, () => "sessions are left", 2_000);
    for (const name of names) await server.ask(`drop database ${name}`);
  }
}

Deno.test({
  name: `tenants.ts: many databases share a few connections, and none starves${skipped}`,
  ignore: skipped !== "",
  fn: () =>
    stage(async (names, { account: user, port }) => {
      const host = "127.0.0.1";
      const configOf = (database: string) => ({
        ...{ host, port, user, database },
        application_name: user,
      });
      await using tenants = openTenants(configOf, MOST);
      const ask = async (name: string) => {
        const { rows: [row] } = await tenants.use(
          name,
          (client) => client.query("select current_database() as name"),
        );
        assertEquals(row.name, name);
        assert(tenants.size <= MOST, `${tenants.size} connections`);
      };
      let busy = true;
      const [greedy = "", ...others] = names;
      const hogs = Array.from({ length: 10 }, async () => {
        while (busy) await ask(greedy);
      });
      for (let round = 0; round < 3; round++) await Promise.all(others.map(ask));
      busy = false;
      await Promise.all(hogs);
      const { createFailed, keys, timeouts } = tenants.stats();
      assertEquals(timeouts, 0);
      assert(keys <= MOST, `${keys} tenants have connections`);
      // The server counts a connection for a moment after its end: then it is tried again.
      assert(createFailed < 60, `${createFailed} were refused`);
    }),
});

Deno.test({
  name: `tenants.ts: runs as it stands${skipped}`,
  ignore: skipped !== "",
  async fn() {
    const env = { DATABASE_URL: `postgres://root@127.0.0.1:${postgres.port}/test` };
    for (const runner of takers()) {
      assertEquals(await printed(runner, "tenants.ts", { env }), [
        "8 answers, each of its own tenant: true",
        "no more than 2 connections: true",
      ], runner.label);
    }
  },
});

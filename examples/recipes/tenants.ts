// A database for each tenant: 500 tenants, and never more than 40 connections to their server.
//
// Run it: npm install @x/proxypool pg && node tenants.ts (or deno run -A, or bun)

import process from "node:process";
// @ts-types="@types/pg"
import pg from "pg";
import { KeyedPool } from "@x/proxypool/keyed";

/** PostgreSQL's own number for "too many connections": it counts one for a moment after its end. */
const TOO_MANY = "53300";

/** A pool of sessions for each tenant. `configOf`: where a tenant's data is. */
export function openTenants(
  configOf: (tenant: string) => pg.ClientConfig,
  maxSize = 40, // of the 100 that a server allows to all processes together
): KeyedPool<string, pg.Client> {
  return new KeyedPool<string, pg.Client>(
    async (tenant, _n, { invalidate }) => {
      // Takes no signal: its own timeout is shorter, and tells why.
      const client = new pg.Client({ ...configOf(tenant), connectionTimeoutMillis: 2_000 });
      client.on("error", invalidate); // a lost connection is not lent
      await client.connect();
      return client.on("end", invalidate);
    },
    {
      maxSize, //                      of all tenants together
      maxSizePerKey: Math.ceil(maxSize / 2), // one tenant may be busy, and never has all
      timeout: 5_000, //               less than your own caller waits for you
      createTimeout: 3_000,
      createRetry: (error) => (error as { code?: string }).code === TOO_MANY,
      maxAvailDelay: 60_000, //        a tenant that has gone home costs nothing
      closer: (client) => client.end(),
    },
  );
}

if (import.meta.main) {
  const url = new URL(process.env.DATABASE_URL ?? "postgres://postgres@127.0.0.1/postgres");
  const configOf = (database: string) => ({ connectionString: new URL(`/${database}`, url).href });
  const server = new pg.Client({ connectionString: url.href });
  await server.connect();
  const names = ["acme", "umbrella", "initech", "hooli"].map((name) => `proxypool_${name}`);
  for (const name of names) await server.query(`create database ${name}`);

  const tenants = openTenants(configOf, 2);
  const sql = "select current_database() as name";
  const ask = (name: string) => tenants.use(name, (client) => client.query(sql));
  const answers = await Promise.all([...names, ...names].map(ask));
  const right = answers.every(({ rows: [row] }, i) => row.name === names[i % names.length]);
  console.log(`${answers.length} answers, each of its own tenant: ${right}`);
  console.log(`no more than 2 connections: ${tenants.size <= 2}`);

  await tenants.shutdown();
  for (const name of names) await server.query(`drop database ${name}`);
  await server.end();
}

// A role with a schema of its own, for software that brings its tables along.

import { type Postgres, postgres } from "./postgres.ts";
import { soon } from "./soon.ts";
import type { User } from "./pg_using.ts";

/** Has it do its work; nothing of it may be left at the server. */
export async function played(user: User): Promise<void> {
  await using server = await postgres.open(12) as Postgres;
  const { account } = server;
  await server.ask(`create schema ${account} authorization ${account}`);
  await alone(server, `grant create on database test to ${account}`);
  const config = { host: "127.0.0.1", user: account, database: "test", application_name: account };
  try {
    await user({ config, terminate: () => server.terminate() });
    await soon(async () => await server.count() === 0, () => "sessions are left", 1_000);
  } finally {
    await server.terminate();
    await alone(server, `set client_min_messages = error; drop owned by ${account} cascade`);
  }
}

/** PostgreSQL refuses two changes of a database's privileges at once. Several statements are one transaction. */
async function alone(server: Postgres, sql: string): Promise<void> {
  await server.ask(`select pg_advisory_xact_lock(41); ${sql}`);
}

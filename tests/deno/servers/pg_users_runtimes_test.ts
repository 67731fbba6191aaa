// What people use over pgPool, on the other runtimes that the suite has fetched.

import { type Name, testOnOthers } from "./pg_packages.ts";
import { postgres } from "./postgres.ts";
import { whySkipped } from "./register.ts";

const MAIN = new URL("./pg_users_main.ts", import.meta.url).pathname;
const PACKAGES: Name[] = [
  "pg",
  "pg-cursor",
  "kysely",
  "drizzle-orm",
  "typeorm",
  "graphile-worker",
  "pg-boss",
  "connect-pg-simple",
  "fastify",
  "@fastify/postgres",
];

const noServer = await whySkipped(postgres);

testOnOthers({
  what: "what people use over pgPool",
  main: MAIN,
  packages: PACKAGES,
  skipped: noServer,
});

// A process that has a permit of postgresQuota, and nothing to do: it ends by itself.

import process from "node:process";
// @ts-types="@types/pg"
import pg from "pg";
import { postgresQuota } from "../../../quota/postgres.ts";

const [user = "", key = "", max] = process.argv.slice(-3);
const quota = postgresQuota({
  max: Number(max),
  key,
  client: async () => {
    const client = new pg.Client({ host: "127.0.0.1", user, database: "test" });
    await client.connect();
    return client;
  },
});
const member = quota.attach({ available: 0, reclaim: () => false });
const signal = new AbortController().signal;
await member.acquire({ signal });
(await member.acquire({ signal })).release();
console.log("ok");

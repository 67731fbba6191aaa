// The work of a request as usual: one transaction, whose connection is passed to each function.
// @ts-types="@types/pg"
import type { Client } from "pg";
import { type Answer, HALF, type Half, joined } from "./queries.ts";

type Queries = Pick<Client, "query">;

export function sumTo(client: Queries, n: number): Promise<Answer> {
  const middle = Math.floor(n / 2);
  return transaction(client, async () => {
    return joined(await half(client, 1, middle), await half(client, middle + 1, n));
  });
}

async function half(client: Queries, from: number, to: number): Promise<Half> {
  const { rows } = await client.query<Half>(HALF, [from, to]);
  return rows[0]!;
}

/** If `work` fails, whoever gets the connection back rolls back, or closes it. */
async function transaction<R>(client: Queries, work: () => Promise<R>): Promise<R> {
  await client.query("begin");
  const result = await work();
  await client.query("commit");
  return result;
}

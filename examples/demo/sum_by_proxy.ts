// The same work by the proxy: one transaction, and no function that is given a connection.
import { db } from "./db.ts";
import { type Answer, HALF, type Half, joined } from "./queries.ts";

export function sumTo(n: number): Promise<Answer> {
  const middle = Math.floor(n / 2);
  return transaction(async () => joined(await half(1, middle), await half(middle + 1, n)));
}

async function half(from: number, to: number): Promise<Half> {
  const { rows } = await db.query<Half>(HALF, [from, to]);
  return rows[0]!;
}

/** If `work` fails, the end of the scope gives the connection back, and that rolls back. */
async function transaction<R>(work: () => Promise<R>): Promise<R> {
  await db.query("begin");
  const result = await work();
  await db.query("commit");
  return result;
}

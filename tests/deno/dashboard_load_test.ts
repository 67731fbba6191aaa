// Twenty pools of 10 000 objects, and fifty pages, some of which do not read: what that costs the process.

import { assert, assertEquals } from "@std/assert";
import { Pool } from "../../mod.ts";
import { dashboard } from "../../observe/dashboard.ts";
import { insideOf } from "../../pool.ts";
import { collect } from "../helpers/gc.ts";
import { until } from "../helpers/until.ts";

const PAGES = 50;
const DEAF = 10;

/** A page that says so when it has an event, or one that reads nothing. */
async function open(port: number, heard?: () => void): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("GET /?events= HTTP/1.1\r\nHost: here\r\n\r\n"));
  if (heard !== undefined) void listen(connection, heard);
  return connection;
}

async function listen({ readable }: Deno.TcpConn, heard: () => void): Promise<void> {
  const texts = readable.pipeThrough(new TextDecoderStream());
  try {
    for await (const text of texts) if (text.includes("id: ")) heard();
  } catch {
    // It was closed.
  }
}

async function heap(): Promise<number> {
  await collect();
  return Deno.memoryUsage().heapUsed / 1e6;
}

Deno.test({
  name: "fifty pages of 20 pools with 10 000 objects each hear of them, and memory does not grow",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const size = 10_000;
    const pools = Array.from(
      { length: 20 },
      (_, i) => new Pool((n) => ({ n }), { name: `pool ${i}`, minSize: size, maxSize: size }),
    );
    await Promise.all(pools.map((pool) => pool.ready()));
    const held = await Promise.all(pools.map((pool) => pool.get({ label: "somebody" })));
    const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, dashboard(pools));
    const heard = new Array<number>(PAGES - DEAF).fill(0);
    const pages = await Promise.all([
      ...heard.map((_, i) => open(server.addr.port, () => heard[i]!++)),
      ...Array.from({ length: DEAF }, () => open(server.addr.port)),
    ]);
    const all = (events: number) => heard.every((count) => count >= events);
    await until(() => all(3), "each page has three events", 20_000);
    const before = await heap();
    await until(() => all(13), "each page has ten more", 60_000);
    const after = await heap();
    // A sample a second of each pool is kept; 50 pages with a queue each would take megabytes.
    assert(after - before < 3, `from ${before} to ${after} MB`);
    for (const page of pages) page.close();
    const observed = () => pools.filter((pool) => insideOf(pool).observers.loans).length;
    await until(() => observed() === 0, "nobody observes", 30_000);
    assertEquals(observed(), 0);
    await Promise.all(pools.map((pool, i) => pool.ret(held[i]!)));
    await Promise.all([...pools.map((pool) => pool.shutdown()), server.shutdown()]);
  },
});

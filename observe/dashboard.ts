/**
 * Dashboard: a live page about pools, for any server with web-standard requests and responses.
 *
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { dashboard } from "@x/proxypool/dashboard";
 *
 * const pool = new Pool((n) => ({ n }), { name: "things", maxSize: 10 });
 * const show = dashboard(pool);
 * const isAdmin = (request: Request) => request.headers.has("authorization"); // yours
 *
 * async function handle(request: Request): Promise<Response> {
 *   const { pathname } = new URL(request.url);
 *   if (pathname !== "/admin/pools") return new Response("hello");
 *   return isAdmin(request) ? await show(request) : new Response("no", { status: 403 });
 * }
 *
 * const page = new Request("http://localhost/admin/pools", { headers: { authorization: "Basic YTpi" } });
 * console.assert((await handle(page)).status === 200);
 * await pool.shutdown();
 * ```
 *
 * @module
 */

import { shown } from "../values.ts";
import { Board } from "./dashboard/board.ts";
import { keep, type Pools, present, type Shown } from "./dashboard/pools.ts";
import { respond } from "./dashboard/respond.ts";

export type { PoolGroup } from "../pool/group.ts";
export type { Pools, Shown };

/**
 * Creates a page that shows pools every second: the objects in use, the times of waiting and
 * holding, the holders with their lines, the waiters, the last failures and closings, and the
 * totals.
 *
 * **Guard it.** The page has no login, and shows `name`, `label`, `tracer`, lines of code and
 * errors. It shows no other option, changes nothing, and borrows nothing.
 *
 * Mount it at any path. It observes pools from the opening of a page until a few seconds after the
 * last page has gone; otherwise it costs nothing.
 *
 * A `KeyedPool` is shown as one pool for each key, until the key is forgotten.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { dashboard } from "@x/proxypool/dashboard";
 *
 * const pools = new Map<string, Pool<object>>(); // which come and go
 * const show = dashboard(() => pools.values());
 *
 * const response = await show(new Request("http://localhost/pools"));
 * console.assert(response.headers.get("content-type") === "text/html; charset=utf-8");
 * ```
 *
 * @param pools a pool or a `KeyedPool`, several, or a function that returns these, called once a second
 * while a page is open; at most 100 pools are shown
 * @returns answers a request: GET and HEAD, others with status 405. It rejects if the function
 * `pools` fails
 * @throws {TypeError} `pools` has something that is no pool
 */
export function dashboard(pools: Pools): (request: Request) => Promise<Response> {
  const kept = keep(pools);
  if (typeof kept !== "function") present(kept);
  const board = new Board(kept);
  // deno-lint-ignore require-await -- a failure must reject
  return async (request) => {
    if (typeof request?.headers?.get !== "function") {
      throw new TypeError(
        `a dashboard answers a web-standard Request, got ${shown(request)}: ` +
          "convert your server's requests, as docs/dashboard.md shows",
      );
    }
    return respond(board, request);
  };
}

/**
 * A page that shows pools live, for any server that speaks of web-standard requests and responses.
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
 * A page with the state of pools, second by second: how many objects are in use, how long borrowers wait
 * and hold, who holds what and from which line, who waits, the last failures and closings, and the totals.
 *
 * **Guard it.** The page asks nobody who he is, and shows what `name`, `label`, `tracer`, lines of code and
 * errors say. It shows no other option, changes nothing, and takes nothing from a pool.
 *
 * Mount it at any path. It costs nothing as long as no page is open: pools are observed from when a page is
 * opened until a few seconds after the last one has gone.
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
 * A `KeyedPool` is shown by the pool of each of its keys, for as long as the key is not forgotten.
 *
 * @param pools a pool or a `KeyedPool`, several, or a function that gives these and is called once a second while a page is
 * open; of more than 100 pools the first are shown
 * @returns answers a request: GET and HEAD, else status 405. It rejects if `pools` is a function that fails
 * @throws {TypeError} there is something else than pools
 */
export function dashboard(pools: Pools): (request: Request) => Promise<Response> {
  const kept = keep(pools);
  if (typeof kept !== "function") present(kept);
  const board = new Board(kept);
  // deno-lint-ignore require-await -- what fails is to reject
  return async (request) => {
    if (typeof request?.headers?.get !== "function") {
      throw new TypeError(
        `a dashboard answers a web-standard Request, got ${shown(request)}: ` +
          "convert what your server has, as docs/dashboard.md shows",
      );
    }
    return respond(board, request);
  };
}

/**
 * Channels: publishes the events of a pool to `node:diagnostics_channel`, for tracers.
 *
 * @example
 * ```ts
 * import { subscribe } from "node:diagnostics_channel";
 * import { Pool } from "@x/proxypool";
 * import { type CloseMessage, publish } from "@x/proxypool/channels";
 *
 * const closed: string[] = [];
 * subscribe("proxypool:close", (message) => {
 *   const { n, pool, reason } = message as CloseMessage;
 *   closed.push(`#${n} of ${pool}: ${reason}`);
 * });
 * const pool = new Pool(() => ({}), { name: "orders", maxUse: 1 });
 * using _publishing = publish(pool);
 * await pool.use(() => {});
 * console.assert(closed.join() === "#0 of orders: wornOut");
 * await pool.shutdown();
 * ```
 *
 * @module
 */

export type { PoolGroup } from "../pool/group.ts";
export { publish } from "./channels/publish.ts";
export type { CloseMessage, CreateMessage, GetMessage, RetMessage } from "./channels/messages.ts";

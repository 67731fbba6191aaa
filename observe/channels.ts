/**
 * Channels: publishes what happens in a pool to `node:diagnostics_channel`, where tracers look for it.
 *
 * @example
 * ```ts
 * import { channel } from "node:diagnostics_channel";
 * import { Pool } from "@x/proxypool";
 * import { publish } from "@x/proxypool/channels";
 *
 * const pool = new Pool(() => ({}), { maxSize: 1 });
 * channel("proxypool:close").subscribe((message) => console.log(message));
 * using _publishing = publish(pool); // from now on; without subscribers it costs nothing
 * ```
 *
 * @module
 */

export { publish } from "./channels/publish.ts";
export type { CloseMessage, CreateMessage, GetMessage, RetMessage } from "./channels/messages.ts";

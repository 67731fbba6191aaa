/**
 * Channels: publishes what happens in a pool to `node:diagnostics_channel`, where tracers look for it.
 *
 * @module
 */

export { publish } from "./channels/publish.ts";
export type { CloseMessage, CreateMessage, GetMessage, RetMessage } from "./channels/messages.ts";

// Session: the interface of a session of either driver. Types, and one helper.

import type { Emitter } from "../listeners.ts";
import type { Marks } from "./marks.ts";

/** A connection of one driver. */
export interface Session {
  /** The client that is lent. */
  readonly client: object;
  /** The emitter of its events. */
  readonly emitter: Emitter;
  /** The notes of its commands. */
  readonly marks: Marks;
  /** Whether it is connected, as far as the driver knows. */
  readonly ready: boolean;
  /** Whether a command is running. */
  readonly busy: boolean;
  /** Whether it is subscribed to anything. */
  readonly subscribed: boolean;
  /** Resolves when the session is connected and logged in. */
  connect(): Promise<unknown>;
  /** Resolves once all commands are answered. */
  settle(): Promise<unknown>;
  /** Ends a transaction, and selects the first database again: in one round trip. */
  tidy(): Promise<unknown>;
  /** Sends `RESET`, and the commands of connecting: in one or two round trips. */
  restart(): Promise<unknown>;
  /** Sends `PING`. */
  ping(): Promise<unknown>;
  /** Closes the connection in order. */
  end(): Promise<unknown>;
  /** Cuts the connection. */
  destroy(): void;
}

/** Creates a session that is not connected. */
export type Make = (config: Record<string, unknown>) => Session;

/** Ignores the error that no transaction is open. */
export function unlessNone(error: unknown): void {
  if (!String(error).includes("DISCARD without MULTI")) throw error;
}

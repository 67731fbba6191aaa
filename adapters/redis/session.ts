// A session, whichever driver it is of: what is asked of both.

import type { Emitter } from "../listeners.ts";
import type { Marks } from "./marks.ts";

/** One connection, by its driver. */
export interface Session {
  /** What is lent. */
  readonly client: object;
  /** What emits its events. */
  readonly emitter: Emitter;
  /** What was sent on it. */
  readonly marks: Marks;
  /** Whether it is connected, as far as the driver knows. */
  readonly ready: boolean;
  /** Whether something is under way. */
  readonly busy: boolean;
  /** Whether it is subscribed to anything. */
  readonly subscribed: boolean;
  /** Resolves when the server has let it in. */
  connect(): Promise<unknown>;
  /** Resolves once all is answered. */
  settle(): Promise<unknown>;
  /** Ends what is open, and selects the first database again: in one round trip. */
  tidy(): Promise<unknown>;
  /** Sends `RESET`, and all that was sent on connecting: in one round trip, or two. */
  restart(): Promise<unknown>;
  /** Asks the server for a sign of life. */
  ping(): Promise<unknown>;
  /** Takes its leave. */
  end(): Promise<unknown>;
  /** Cuts the connection. */
  destroy(): void;
}

/** Makes one that is not connected. */
export type Make = (config: Record<string, unknown>) => Session;

/** A transaction that was taken for open may not be. */
export function unlessNone(error: unknown): void {
  if (!String(error).includes("DISCARD without MULTI")) throw error;
}

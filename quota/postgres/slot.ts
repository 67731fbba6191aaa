// Slot: a place that a session of a pool holds for its whole life.

import { PoolError } from "../../errors.ts";
import { shown } from "../../values.ts";
import { classOf } from "./options.ts";

/** The members of a session that are used. */
interface Holder {
  readonly connection?: {
    readonly stream?: { destroy?(error?: Error): unknown };
    on?(event: string, listener: (message: Message) => void): unknown;
  };
  listenerCount?(event: string): number;
  emit?(event: string, error: Error): unknown;
  query(text: string): Promise<{ rows: { slot?: unknown }[] }>;
}

/** A message of the server: the end of a statement, or the names of its columns. */
interface Message {
  readonly text?: string;
  readonly fields?: readonly { readonly name?: string }[];
}

/** Takes a slot for a session, and ends the session if it releases the slot. */
export async function takeSlot(client: unknown, max: number, key: string): Promise<void> {
  if (typeof Object(client).query !== "function") {
    throw new PoolError(
      `sessionSlot: the object must be a session of pg's shape, with query, got ${shown(client)}`,
    );
  }
  const holder = client as Holder;
  const group = classOf(`slot ${key}`);
  const { rows } = await holder.query(
    `select s as slot from generate_series(1, ${max}) as s ` +
      `where pg_try_advisory_lock(${group}, s) limit 1`,
  );
  if (rows.length === 0) {
    throw new PoolError(
      `sessionSlot: no slot of ${shown(key)} is free: all ${max} are held by other sessions; ` +
        "createRetry or a quota waits for one",
    );
  }
  watch(holder);
}

const ALL = "pg_advisory_unlock_all";

/** Ends a session that releases its slot. The driver shows a statement only after its end. */
function watch(holder: Holder): void {
  const { connection } = holder;
  const end = (by: string) => {
    const error = new PoolError(
      `sessionSlot: ${by} released the slot of this session, which was ended: ` +
        'reset: "session" of pgPool keeps it',
    );
    // So its pool is told before the session can be lent again.
    if (holder.listenerCount?.("error")) holder.emit?.("error", error);
    connection?.stream?.destroy?.(error);
  };
  connection?.on?.("commandComplete", ({ text }) => {
    if (text === "DISCARD ALL") end(text);
  });
  connection?.on?.("rowDescription", ({ fields }) => {
    if (fields?.some(({ name }) => name === ALL)) end(ALL);
  });
}

// Client: the parts of pg's Client that the quota uses, and their check.

// deno-lint-ignore-file no-explicit-any

import { PoolError } from "../../errors.ts";
import { shown } from "../../values.ts";

/** The members of a session that the quota uses. */
export interface Client {
  readonly processID?: unknown;
  readonly connection?: {
    readonly stream?: { destroy?(error?: Error): unknown };
    on?(event: string, listener: (...args: any[]) => void): unknown;
  };
  query(text: string): Promise<{ rows: { answer?: string }[] }>;
  on(event: string, listener: (...args: any[]) => void): unknown;
  end(): Promise<void>;
  ref?(): unknown;
  unref?(): unknown;
}

/** Throws unless `client` is a client. */
export function checkClient(client: unknown): asserts client is Client {
  const { query, on, end }: Partial<Client> = Object(client);
  if ([query, on, end].every((method) => typeof method === "function")) return;
  throw new PoolError(
    "postgresQuota: client must return a connected client of pg's shape, with query, on and end, " +
      `got ${shown(client)}`,
  );
}

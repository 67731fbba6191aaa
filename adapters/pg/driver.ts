// Driver: the parts of pg that this adapter uses, including undeclared ones.

// deno-lint-ignore-file no-explicit-any

import type { Emitter, Listener } from "../listeners.ts";

export type { Emitter, Listener } from "../listeners.ts";

/** The connection under a session. */
export interface Connection extends Emitter {
  readonly stream?: { destroy(error?: Error): unknown };
  readonly ssl?: unknown;
  readonly sslNegotiation?: string;
  parsedStatements?: Record<string, string>;
  submittedNamedStatements?: Record<string, string>;
  connect(port: number | string, host?: string): void;
  requestSsl?(): void;
  cancel?(processID: unknown, secretKey: unknown): void;
}

/** An object with `submit`: a query, a cursor, a stream. */
export interface Submittable {
  submit(connection: unknown): unknown;
  handleError?(error: unknown, connection: unknown): unknown;
  callback?: unknown;
  readonly destroyed?: boolean;
  on?(event: string, listener: Listener): unknown;
  close?(): unknown;
  destroy?(): unknown;
}

export interface Rows {
  rows: Record<string, string>[];
}

/** A session. */
export interface Client extends Emitter {
  readonly user?: string;
  readonly host?: string;
  readonly port?: number;
  readonly processID?: unknown;
  readonly secretKey?: unknown;
  readonly connection?: Connection;
  /** Whether the server is ready for a query: false from its sending to the end of its answer. */
  readonly readyForQuery?: boolean;
  readonly _activeQuery?: Submittable | null;
  readonly _queryQueue?: readonly unknown[];
  readonly _sentQueryQueue?: readonly unknown[];
  /** Only in pg.native, which keeps the last query after its end. */
  _hasActiveQuery?(): boolean;
  readonly native?: { cancel?(done: (error?: unknown) => void): void };
  namedQueries?: Record<string, string>;
  release?: (error?: unknown) => void;
  connect(): Promise<unknown>;
  query(query: unknown, values?: unknown, callback?: unknown): any;
  end(): Promise<void>;
  getTransactionStatus?(): string | null;
}

export type ClientClass = new (config: object) => Client;

/** Whether `Client` is the class of pg.native. */
export function isNative(Client: ClientClass): boolean {
  return (Client.prototype as Partial<Client> | undefined)?._hasActiveQuery !== undefined;
}

/** Whether no query is running or queued, as far as the driver knows. */
export function isQuiet(client: Client): boolean {
  if (client._queryQueue?.length || client._sentQueryQueue?.length) return false;
  return client.readyForQuery ?? client._hasActiveQuery?.() === false;
}

/** Whether a query is running, apart from the end of its answer. */
export function isBusy(client: Client): boolean {
  const active = client._hasActiveQuery?.() ?? client._activeQuery;
  return Boolean(active || client._queryQueue?.length || client._sentQueryQueue?.length);
}

/** The EventEmitter class that `Client` extends. */
export function emitterOf(Client: unknown): (new () => object) | undefined {
  let prototype: unknown = (Client as { prototype?: unknown }).prototype;
  for (;;) {
    if (typeof prototype !== "object" || prototype === null) return undefined;
    const above: unknown = Object.getPrototypeOf(prototype);
    // The last class before `Object`, which may be that of another realm.
    if (above === null || Object.getPrototypeOf(above) === null) break;
    prototype = above;
  }
  const { constructor, on, emit, removeListener } = prototype as Record<string, unknown>;
  const isEmitter = [constructor, on, emit, removeListener].every((fn) => typeof fn === "function");
  return isEmitter ? constructor as new () => object : undefined;
}

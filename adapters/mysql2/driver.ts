// mysql2 as it is at runtime: what this adapter reads of it, also where its declarations say nothing.

// deno-lint-ignore-file no-explicit-any

import type { Callback } from "../callback.ts";
import type { Emitter } from "../listeners.ts";

/** A packet that the server has sent. */
export interface Packet {
  readonly buffer: Uint8Array;
  readonly offset: number;
  isEOF(): boolean;
  eofStatusFlags(): number;
}

/** What a session is asked: a query, a statement, a ping. */
export interface Command extends Emitter {
  /** Takes the next packet of the answer; null once the answer is complete. */
  readonly next?: unknown;
  readonly onResult?: unknown;
  readonly sql?: unknown;
  readonly query?: unknown;
  stream?(options?: object): Stream;
}

/** The rows of a query, as a stream. */
export interface Stream extends Emitter {
  destroy(error?: Error): unknown;
}

/** The socket under a session. */
export interface Socket extends Emitter {
  readonly destroyed?: boolean;
  destroy(error?: Error): unknown;
}

/** A session, as mysql2 itself keeps it: its callback `PoolConnection`. */
export interface Core extends Emitter {
  readonly threadId?: number | null;
  readonly config: Record<string, any>;
  readonly stream: Socket;
  clientEncoding?: unknown;
  /** Being answered; it may have its answer already. */
  readonly _command?: Command | null;
  readonly _commands?: { readonly length: number };
  readonly _paused?: boolean;
  readonly _closing?: boolean;
  readonly _fatalError?: unknown;
  readonly _protocolError?: unknown;
  handlePacket(packet?: Packet): unknown;
  addCommand(command: Command): Command;
  query(...args: any[]): Command;
  execute(...args: any[]): Command;
  changeUser(...args: any[]): unknown;
  ping(callback: Callback): unknown;
  reset?(callback: Callback): unknown;
  resume(): void;
  release(): void;
  end(callback?: Callback): unknown;
  destroy(): void;
  promise(): Wrapper;
}

/** A session by promises: mysql2's promise `PoolConnection`. */
export interface Wrapper extends Emitter {
  readonly connection: Core;
}

/** What a pool lends: sessions of either kind. */
export type Session = Core | Wrapper;

/** mysql2's callback pool. */
export interface CorePool extends Emitter {
  config: Record<string, any>;
  _closed?: boolean;
  readonly _allConnections?: { readonly length: number; get(index: number): Core | undefined };
  getConnection(callback: Callback): void;
  query(...args: unknown[]): Command;
  execute(...args: unknown[]): void;
  releaseConnection(session: Session): void;
  end(callback?: Callback): unknown;
  promise(promise?: unknown): PromisePool;
}

/** mysql2's promise pool. */
export interface PromisePool extends Emitter {
  pool: unknown;
  getConnection(): Promise<Wrapper>;
}

/** The module. */
export interface Module {
  createPool(config: object): CorePool | PromisePool;
}

/** The session under what is lent. */
export function coreOf(session: Session): Core {
  return "connection" in session && session.connection ? session.connection : session as Core;
}

/** Connects a session. It can be reached before it is connected, where the driver has kept its names. */
export function connect(factory: CorePool): { core: Core | undefined; connected: Promise<Core> } {
  const connected = new Promise<Core>((resolve, reject) => {
    factory.getConnection((error, core) => error ? reject(error) : resolve(core));
  });
  const { _allConnections: all } = factory;
  return { core: all?.get(all.length - 1), connected };
}

/** Has a session do something. The result comes first, the fields second. */
export function ask(
  core: Core,
  what: "query" | "ping" | "reset" | "changeUser",
  ...args: unknown[]
): Promise<[any, any]> {
  return new Promise((resolve, reject) => {
    const done: Callback = (error, result, fields) =>
      error ? reject(error) : resolve([result, fields]);
    Reflect.apply(core[what]!, core, [...args, done]);
  });
}

/** Whether a session can do nothing any more. */
export function isDead({ stream, _closing, _fatalError, _protocolError }: Core): boolean {
  return Boolean(stream.destroyed || _closing || _fatalError || _protocolError);
}

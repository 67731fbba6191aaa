// Driver: the parts of mysql2 that this adapter uses, including undeclared ones.

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

/** A command of a session: a query, a statement, a ping. */
export interface Command extends Emitter {
  /** Handles the next packet of the answer; null once the answer is complete. */
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

/** A session with callbacks: mysql2's `PoolConnection`. */
export interface Core extends Emitter {
  readonly threadId?: number | null;
  readonly config: Record<string, any>;
  readonly stream: Socket;
  clientEncoding?: unknown;
  /** The current command; its answer may be complete already. */
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

/** A session with promises: mysql2's promise `PoolConnection`. */
export interface Wrapper extends Emitter {
  readonly connection: Core;
}

/** A session of either kind. */
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

/** The module `mysql2`. */
export interface Module {
  createPool(config: object): CorePool | PromisePool;
}

/** The callback session under a session. */
export function coreOf(session: Session): Core {
  return "connection" in session && session.connection ? session.connection : session as Core;
}

/**
 * Connects a session. `core` is the session before it is connected, if this version of the driver
 * shows it.
 */
export function connect(factory: CorePool): { core: Core | undefined; connected: Promise<Core> } {
  const connected = new Promise<Core>((resolve, reject) => {
    factory.getConnection((error, core) => error ? reject(error) : resolve(core));
  });
  const { _allConnections: all } = factory;
  return { core: all?.get(all.length - 1), connected };
}

/** Calls a method of a session with a callback. Resolves to the result and the fields. */
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

/** Whether a session is unusable. */
export function isDead({ stream, _closing, _fatalError, _protocolError }: Core): boolean {
  return Boolean(stream.destroyed || _closing || _fatalError || _protocolError);
}

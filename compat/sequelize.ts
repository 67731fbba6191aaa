// Sequelize: replaces the pools in the connection manager of Sequelize 6.

/** Changes of Sequelize's own pool options; others stay. */
export interface SequelizeOptions {
  /**
   * How many connections there may be; with `replication`, this many for reading and for writing
   * each.
   */
  max?: number | undefined;
  /** How many connections are kept up. */
  min?: number | undefined;
  /** How long a connection may be idle, in ms. */
  idle?: number | undefined;
  /** How long it may take to get a connection, in ms. */
  acquire?: number | undefined;
  /** After how many uses a connection is closed. */
  maxUses?: number | undefined;
  /** Whether a returned connection is still good. */
  validate?: ((connection: object) => boolean) | undefined;
}

/** The members of a pool that the connection manager uses. */
export interface SequelizePool {
  /** Borrows a connection for a query of this type. */
  acquire(queryType?: string, useMaster?: boolean): Promise<object>;
  /** Returns a connection. */
  release(connection: object): void;
  /** Closes a connection. */
  destroy(connection: object): Promise<void>;
  /** Serves present waiters, and then lends no more. */
  drain(): Promise<unknown>;
  /** Closes all connections. */
  destroyAllNow(): Promise<void>;
}

/** How to create one pool. */
export interface Plan {
  readonly name: string;
  readonly max: number;
  readonly min: number;
  readonly maxUses: number | undefined;
  readonly idleTimeoutMillis: number | undefined;
  readonly acquireTimeoutMillis: number | undefined;
  create(): Promise<object>;
  destroy(connection: object): unknown;
  validate(connection: object): boolean;
  /** Turns a timeout error into Sequelize's own. */
  late(error: Error): Error;
}

/** The members of the connection manager that are used; some are private. */
interface Manager {
  pool: object;
  readonly config: Config;
  _connect(config: object): Promise<Connection>;
  _disconnect(connection: object): Promise<unknown>;
}

interface Config {
  readonly pool: SequelizeOptions;
  readonly replication?: Replication | false | null;
}

interface Replication {
  readonly read: readonly object[];
  readonly write: object;
}

interface Connection {
  queryType?: "read" | "write";
}

/** Replaces the pool of a manager, or its two pools, by those of `open`. */
export function install<P extends SequelizePool>(
  sequelize: object,
  options: SequelizeOptions,
  open: (plan: Plan) => P,
): { read: P; write: P } {
  const manager = managerOf(sequelize);
  const { config } = manager;
  const make = (name: string, create: () => Promise<object>) =>
    open({
      ...settingsOf(config.pool, options),
      name,
      create,
      destroy: (connection) => manager._disconnect(connection),
      late: lateOf(sequelize),
    });
  if (!config.replication) {
    const pool = make("sequelize", () => manager._connect(config));
    manager.pool = pool;
    return { read: pool, write: pool };
  }
  const { read: replicas, write: primary } = config.replication;
  const turns = turnsOf(replicas);
  const connect = async (to: object, queryType: "read" | "write") =>
    Object.assign(await manager._connect(to), { queryType });
  const read = make("sequelize:read", () => connect(turns.next().value, "read"));
  const write = make("sequelize:write", () => connect(primary, "write"));
  manager.pool = both(read, write);
  return { read, write };
}

/** The pool of a manager with replicas. */
function both<P extends SequelizePool>(read: P, write: P): SequelizePool & { read: P; write: P } {
  const of = ({ queryType }: Connection) => queryType === "read" ? read : write;
  return {
    read,
    write,
    acquire: (queryType, useMaster) =>
      (queryType === "SELECT" && !useMaster ? read : write).acquire(),
    release: (connection) => of(connection).release(connection),
    destroy: (connection) => of(connection).destroy(connection),
    drain: () => Promise.all([read.drain(), write.drain()]),
    async destroyAllNow() {
      await Promise.all([read.destroyAllNow(), write.destroyAllNow()]);
    },
  };
}

/** Takes the replicas in turn. */
function* turnsOf(replicas: readonly object[]): Generator<object, never> {
  for (;;) yield* replicas;
}

function managerOf(sequelize: object): Manager {
  const { connectionManager } = sequelize as { connectionManager?: Partial<Manager> };
  const { config, pool, _connect, _disconnect } = connectionManager ?? {};
  const isKnown = [_connect, _disconnect].every((method) => typeof method === "function");
  if (!isKnown || config?.pool === undefined || pool === undefined) {
    throw new TypeError("useWithSequelize takes an instance of Sequelize 6");
  }
  const { read, size, write } = pool as Record<"read" | "write", { size?: number }> & {
    size?: number;
  };
  if ([size, read?.size, write?.size].some((size) => size !== undefined && size > 0)) {
    throw new TypeError(
      "useWithSequelize: this instance has connections already: call it right after new Sequelize()",
    );
  }
  return connectionManager as Manager;
}

function settingsOf(own: SequelizeOptions, changed: SequelizeOptions) {
  const of = <K extends keyof SequelizeOptions>(name: K) => changed[name] ?? own[name];
  return {
    max: of("max") ?? 5,
    min: of("min") ?? 0,
    maxUses: of("maxUses"),
    idleTimeoutMillis: of("idle"),
    acquireTimeoutMillis: of("acquire"),
    validate: of("validate") ?? (() => true),
  };
}

/** Makes Sequelize's own error, found by the class of `sequelize`. */
function lateOf({ constructor }: object): Plan["late"] {
  const { ConnectionAcquireTimeoutError: Late } = constructor as {
    ConnectionAcquireTimeoutError?: new (parent: Error) => Error;
  };
  return (error) => Late === undefined ? error : new Late(error);
}

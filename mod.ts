/**
 * Some objects are expensive to create: database connections, sessions, browsers, workers. A
 * {@linkcode Pool} creates few of them and lends them, safely and fast. A {@linkcode Proxy} is a
 * name that modules can import before the object exists. It stands for the object of the current
 * request, thread or process.
 *
 * ```ts
 * import { Pool } from "@x/proxypool";
 *
 * const connect = () => Promise.resolve({ query: (sql: string) => sql, end() {} });
 * const pool = new Pool(connect, { maxSize: 10, timeout: 5_000, closer: (c) => c.end() });
 * {
 *   await using conn = await pool.get(); // use it as the connection itself
 *   conn.query("select 1");
 * } // given back here, whatever happened
 * await pool.shutdown();
 * ```
 *
 * @module
 */

export { Pool } from "./pool.ts";
export { Proxy, ScopedProxy } from "./proxy.ts";
export type {
  Boxed,
  Deferred,
  DeferredMethod,
  DeferredMethods,
  DeferredOverload,
  DeferredOverloads,
  DeferredProxy,
  Free,
  GivesPromise,
  Hidden,
  Hides,
  ImmediateProxy,
  IsPromise,
  Make,
  OwnOptions,
  PooledOptions,
  PooledProxy,
  ProxyContent,
  ProxyMembers,
  ProxyOf,
  ProxySetters,
  ScopedProxyConstructor,
  ScopeOptions,
  Sharable,
  SharedContent,
} from "./proxy.ts";
export type {
  CloseContext,
  Closer,
  Create,
  CreateContext,
  GetOptions,
  Hook,
  PoolOptions,
  ResetOptions,
  ResizeOptions,
  ShutdownOptions,
  UseContext,
} from "./pool/options.ts";
export type { Lease } from "./pool/lease.ts";
export type { Loan } from "./pool/loan.ts";
export type {
  ClosedEvent,
  CloseReason,
  CreatedEvent,
  LentEvent,
  Observer,
  RefusedEvent,
  RefuseReason,
  ReturnedEvent,
  ReturnEnd,
  Totals,
} from "./pool/observe.ts";
export type { Logger, LogLevel } from "./pool/log.ts";
export type { ObjectStats, PoolStats } from "./pool/stats.ts";
export {
  type Holder,
  LeaseError,
  PoolClosedError,
  PoolDeadlockError,
  PoolError,
  PoolFullError,
  PoolOverloadError,
  type PoolTimeoutDetails,
  PoolTimeoutError,
  ProxyError,
  ProxyPoolError,
} from "./errors.ts";

/**
 * One cap over the pools of all threads of a process.
 *
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { threadQuota, threadQuotaBuffer } from "@x/proxypool/quota/threads";
 *
 * const max = 10;
 * const buffer = threadQuotaBuffer(max); // post it to each thread, which does the same:
 * const pool = new Pool((n) => ({ n }), { quota: threadQuota({ max, buffer }), maxSize: 5 });
 * await pool.use(({ n }) => console.assert(n === 0));
 * await pool.shutdown();
 * ```
 *
 * @module
 */

import { checkNames, checkRange } from "../pool/check.ts";
import type { Quota, QuotaClient, QuotaMember } from "../pool/quota.ts";
import { Member } from "./threads/member.ts";
import { wants } from "./threads/rules.ts";
import { sweep } from "./threads/serve.ts";
import { bytesFor, Table } from "./threads/table.ts";

export type { Permit, Quota, QuotaClient, QuotaMember, QuotaShare } from "../pool/quota.ts";

/** The most places: each search looks at all. */
const MOST = 1_000_000;

/** The options of {@linkcode threadQuota}. */
export interface ThreadQuotaOptions {
  /** How many objects the pools of all threads may have together: 1 to 1 000 000, the same in all. */
  max: number;
  /** The memory that all threads share: made by {@linkcode threadQuotaBuffer}, and posted to each. */
  buffer: SharedArrayBuffer;
}

/** A quota over the pools of all threads. */
export interface ThreadQuota extends Quota {
  /** How many objects all pools may have together. */
  readonly max: number;
  /**
   * How many permits all threads have now. To read it also looks for ended threads, whose permits count
   * for up to half a second more.
   */
  readonly used: number;
  /** How many permits all threads wait for now. */
  readonly waiting: number;
}

/**
 * Makes a buffer for {@linkcode threadQuota}.
 *
 * @example
 * ```ts
 * import { threadQuotaBuffer } from "@x/proxypool/quota/threads";
 *
 * const buffer = threadQuotaBuffer(10);
 * console.assert(buffer instanceof SharedArrayBuffer);
 * ```
 *
 * @param max how many objects the pools of all threads may have together
 * @returns the buffer: 24 kB, and 4 bytes for each place
 * @throws {TypeError} `max` is no number
 * @throws {RangeError} `max` is out of its bounds
 */
export function threadQuotaBuffer(max: number): SharedArrayBuffer {
  checkMax(max);
  return new SharedArrayBuffer(bytesFor(max));
}

/**
 * Bounds how many objects the pools of all threads of a process have together.
 *
 * It is never exceeded. A free permit goes to the waiting pool with the fewest permits; of several, to the
 * one that was served longest ago. While a pool waits, another closes an idle object, or, if it has more
 * than its share, the next returned one.
 *
 * When a thread ends, in whatever way, its permits go to others within a second. A thread that is only busy
 * keeps its permits.
 *
 * @example
 * ```ts
 * import { Pool } from "@x/proxypool";
 * import { threadQuota, threadQuotaBuffer } from "@x/proxypool/quota/threads";
 *
 * const buffer = threadQuotaBuffer(4);
 * const quota = threadQuota({ max: 4, buffer });
 * const pool = new Pool((n) => ({ n }), { quota });
 * await pool.use(() => console.assert(quota.used === 1));
 * await pool.shutdown();
 * console.assert(quota.used === 0);
 * ```
 *
 * @param options the cap, and the buffer that all threads share
 * @returns the quota: the option `quota` of any number of pools of this thread
 * @throws {TypeError} an option is missing, unknown or of a wrong kind, or the buffer is in use for
 * something else
 * @throws {RangeError} `max` is out of its bounds or differs from that of other threads, or the buffer is
 * too small
 * @throws {PoolError} the runtime has no `Atomics.waitAsync`
 */
export function threadQuota(options: ThreadQuotaOptions): ThreadQuota {
  checkNames("threadQuota", options, ["max", "buffer"]);
  const { max, buffer } = options;
  checkMax(max);
  return new SharedCap(new Table(max, buffer));
}

function checkMax(max: unknown): void {
  checkRange("max", max, 1, MOST, "an integer");
}

class SharedCap implements ThreadQuota {
  readonly max: number;
  readonly #table: Table;

  constructor(table: Table) {
    this.max = table.max;
    this.#table = table;
  }

  get used(): number {
    sweep(this.#table);
    return this.max - this.#table.look().free;
  }

  get waiting(): number {
    return this.#table.look().members.reduce((sum, member) => sum + wants(member), 0);
  }

  attach(client: QuotaClient): QuotaMember {
    return new Member(this.#table, client);
  }
}

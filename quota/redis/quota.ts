// Quota: the pools of a process, which are one holder of the quota.

import { asyncDispose } from "../../disposal.ts";
import { Clock, Timer } from "../../pool/clock.ts";
import type { Permit, Quota, QuotaClient, QuotaMember } from "../../pool/quota.ts";
import { abortReason } from "../../values.ts";
import type { Driver, Ears } from "./driver.ts";
import { Holder, type Owner, type RedisPermit, type Request } from "./holder.ts";
import type { Settings } from "./options.ts";
import { channelOf } from "./script.ts";
import { Sync } from "./sync.ts";

/** How long a pool keeps its objects in use after another process has asked, in ms. */
const QUANTUM = 100;

/**
 * An object that was returned less than this long ago, in ms, does not count as idle: it is soon
 * needed again.
 */
const IDLE = 20;

/** Created at the first `acquire`. */
interface Parts {
  readonly channels: [everybody: string, own: string];
  readonly holder: Holder;
  readonly sync: Sync;
}

export class RedisQuota implements Quota {
  readonly #driver: Driver;
  readonly #settings: Settings;
  readonly #clock = new Clock();
  readonly #members = new Set<Member>();
  /** Looks for idle objects while another process asks for them. */
  readonly #look = new Timer(this.#clock, () => this.#seek());
  /** Closes the second connection after a lease without need. */
  readonly #linger = new Timer(this.#clock, () => this.#ears?.close());
  #ears: Ears | undefined;
  #parts: Parts | undefined;
  /** Since when objects are due to others. */
  #dueSince = 0;

  constructor(driver: Driver, settings: Settings) {
    this.#driver = driver;
    this.#settings = settings;
  }

  attach(client: QuotaClient): QuotaMember {
    const member = new Member(this, client);
    this.#members.add(member);
    return member;
  }

  /** Adds a request. */
  request(request: Request): void {
    const { holder, sync } = this.#parts ??= this.#begin();
    holder.waiting.add(request);
    sync.want();
    this.#listen();
  }

  /** Removes a request. */
  withdraw(request: Request): void {
    const { holder, sync } = this.#parts!;
    if (holder.waiting.delete(request)) sync.wantLess();
  }

  /** Whether a returned object of a member must be closed for another process. */
  yields(member: Member, needed: boolean): boolean {
    if (this.#parts === undefined) return false;
    const { holder } = this.#parts;
    if (holder.due === 0) {
      if (holder.isAskedForIdle && !needed && this.#look.at === Infinity) this.#lookSoon();
      return false;
    }
    if (needed && !this.#isItsTurn(member, holder)) return false;
    holder.passOn();
    return true;
  }

  /** Resolves once the server has all releases of the member. */
  async leave(member: Member): Promise<void> {
    this.#members.delete(member);
    await this.#parts?.sync.flushed();
    if (this.#members.size > 0) return;
    this.#parts?.sync.stop();
    this.#linger.stop();
    this.#look.stop();
    this.#ears?.close();
  }

  #begin(): Parts {
    const name = crypto.randomUUID().slice(-12);
    const everybody = channelOf(this.#settings.key);
    const holder: Holder = new Holder(name, {
      doubt: () => sync.doubt(),
      released: (permit: RedisPermit) => void (holder.release(permit) && sync.touch()),
    });
    const pools = { idle: () => this.#idle(holder), heard: () => this.#heard() };
    const sync = new Sync(this.#driver, holder, this.#settings, pools);
    return { channels: [everybody, `${everybody}:${name}`], holder, sync };
  }

  #isItsTurn(member: Member, holder: Holder): boolean {
    const isAboveShare = member.held * this.#members.size >= holder.permits.size;
    return isAboveShare && this.#clock.awake() - this.#dueSince >= QUANTUM;
  }

  #idle(holder: Holder): number {
    let idle = 0;
    for (const { client } of this.#members) {
      if ((client.unused ?? IDLE) >= IDLE) idle += client.available;
    }
    if (idle > 0) holder.isAskedForIdle = false;
    return idle;
  }

  #seek(): void {
    const { holder, sync } = this.#parts!;
    if (!holder.isAskedForIdle) return;
    if (this.#idle(holder) > 0) sync.touch();
    else if (this.#longestUnused() !== undefined) this.#lookSoon();
  }

  #lookSoon(): void {
    this.#look.start(IDLE, false);
  }

  /** The server has answered: closes idle objects that others wait for. */
  #heard(): void {
    const { holder } = this.#parts!;
    if (holder.isActive) this.#listen();
    else if (this.#linger.at === Infinity) this.#linger.start(this.#settings.lease, false);
    if (holder.due === 0) return void (this.#dueSince = 0);
    this.#dueSince ||= this.#clock.awake();
    while (holder.due > 0) {
      const client = this.#longestUnused();
      if (client === undefined) return;
      holder.passOn();
      if (client.reclaim()) continue;
      return holder.takeBack();
    }
  }

  #longestUnused(): QuotaClient | undefined {
    let longest: QuotaClient | undefined;
    for (const { client } of this.#members) {
      if (client.available === 0) continue;
      if (longest === undefined || (client.unused ?? 0) > (longest.unused ?? 0)) longest = client;
    }
    return longest;
  }

  /** Subscribes to later permits, and to requests of other processes. */
  #listen(): void {
    this.#linger.stop();
    if (this.#ears?.closed === false) return;
    const { channels, holder, sync } = this.#parts!;
    const ready = () => void (holder.waiting.size > 0 && sync.touch());
    const message = (text: string, channel: string) => this.#hear(text, channel);
    try {
      this.#ears = this.#driver.listen(channels, { message, ready });
    } catch {
      // The next answer tries again; until then requests poll.
    }
  }

  #hear(text: string, channel: string): void {
    const { channels: [everybody], holder, sync } = this.#parts!;
    if (channel === everybody) {
      holder.isAskedForIdle = true;
      return this.#seek();
    }
    const [id, era = "", granted, asked] = text.split(" ");
    if (id === holder.id) sync.hear(era, Number(granted), Number(asked));
  }
}

/** One pool. */
class Member implements QuotaMember, Owner {
  held = 0;
  readonly client: QuotaClient;
  readonly #quota: RedisQuota;

  constructor(quota: RedisQuota, client: QuotaClient) {
    this.#quota = quota;
    this.client = client;
  }

  acquire({ signal }: { signal: AbortSignal }): Promise<Permit> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(abortReason(signal));
      const settle = <V>(settled: (value: V) => void) => (value: V) => {
        signal.removeEventListener("abort", abort);
        settled(value);
      };
      const request = { owner: this, grant: settle(resolve), reject: settle(reject) };
      const abort = () => {
        this.#quota.withdraw(request);
        request.reject(abortReason(signal));
      };
      signal.addEventListener("abort", abort);
      this.#quota.request(request);
    });
  }

  yields(needed: boolean): boolean {
    return this.#quota.yields(this, needed);
  }

  [asyncDispose](): Promise<void> {
    return this.#quota.leave(this);
  }
}

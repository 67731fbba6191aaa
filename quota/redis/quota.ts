// Quota: the pools of a process, as one holder under the quota.

import { asyncDispose } from "../../disposal.ts";
import { Clock, Timer } from "../../pool/clock.ts";
import type { Permit, Quota, QuotaClient, QuotaMember } from "../../pool/quota.ts";
import { abortReason } from "../../values.ts";
import type { Driver, Ears } from "./driver.ts";
import { Holder, type Owner, type RedisPermit, type Request } from "./holder.ts";
import type { Settings } from "./options.ts";
import { channelOf } from "./script.ts";
import { Sync } from "./sync.ts";

/** For how long an object that is in use is not taken from its pool after somebody has asked, in ms. */
const QUANTUM = 100;

/** An object that has been unused for less than this, in ms, is soon needed again: it is not idle. */
const IDLE = 20;

/** What there is from the first `acquire` on. */
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
  /** Looks for idle objects, for as long as somebody has asked for them and may find some. */
  readonly #look = new Timer(this.#clock, () => this.#seek());
  /** Closes the second connection when it was not needed for a lease. */
  readonly #linger = new Timer(this.#clock, () => this.#ears?.close());
  #ears: Ears | undefined;
  #parts: Parts | undefined;
  /** Since when some objects are due to others. */
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

  /** From now on it waits. */
  request(request: Request): void {
    const { holder, sync } = this.#parts ??= this.#begin();
    holder.waiting.add(request);
    sync.want();
    this.#listen();
  }

  /** It waits no longer. */
  withdraw(request: Request): void {
    const { holder, sync } = this.#parts!;
    if (holder.waiting.delete(request)) sync.wantLess();
  }

  /** Whether an object of that member that has come back goes to somebody elsewhere. */
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

  /** Resolves once the server knows of all that its pool has given back. */
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

  /** The server has said something: gives up what is idle and others wait for. */
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

  /** Hears of permits that come later, and of who waits elsewhere. */
  #listen(): void {
    this.#linger.stop();
    if (this.#ears?.closed === false) return;
    const { channels, holder, sync } = this.#parts!;
    const ready = () => void (holder.waiting.size > 0 && sync.touch());
    const message = (text: string, channel: string) => this.#hear(text, channel);
    try {
      this.#ears = this.#driver.listen(channels, { message, ready });
    } catch {
      // It is tried again after the next answer; until then who waits asks from time to time.
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

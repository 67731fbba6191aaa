// Scene: one key of redisQuota on a real Redis, with holders that say what they are told to say.

import { type Answer, call } from "../../../quota/redis/call.ts";
import { driverOf } from "../../../quota/redis/driver.ts";
import { channelOf } from "../../../quota/redis/script.ts";
import { sleep } from "../../helpers/until.ts";
import { newClient, RedisStage } from "./redis_stage.ts";

/** Shorter than users may have it, in ms; places are given away, and a fresh key opens, after 500. */
export const LEASE = 400;
export const OPEN = 1.25 * LEASE;

/** What it answers to who does nothing wrong. */
export type Ok = Extract<Answer, { kind: "ok" }>;

export class Scene implements AsyncDisposable {
  readonly stage: RedisStage;
  readonly key = "scene";
  readonly client: ReturnType<typeof newClient>;
  /** What was published since, by channel. */
  readonly heard: string[] = [];
  max = 2;
  lease = LEASE;
  readonly #ears: ReturnType<typeof newClient>;

  static async open(): Promise<Scene> {
    const stage = await RedisStage.of(LEASE);
    const scene = new Scene(stage, newClient(stage.port), newClient(stage.port));
    await Promise.all([scene.client.connect(), scene.#ears.connect()]);
    await scene.#ears.pSubscribe(
      "*",
      (text, channel) => void scene.heard.push(`${channel} ${text}`),
    );
    return scene;
  }

  private constructor(stage: RedisStage, client: Scene["client"], ears: Scene["client"]) {
    this.stage = stage;
    this.client = client;
    this.#ears = ears;
  }

  /** What one says of itself, with all but its counts by default. */
  async say(id: string, seq: number, counts: Counts, renewal = false): Promise<Answer> {
    const { granted = 0, released = 0, wanted = granted, idle = 0 } = counts;
    const numbers = [seq, granted, released, wanted, idle, this.max, this.lease, renewal ? 1 : 0];
    const args = [id, channelOf(this.key), ...numbers.map(String)];
    return await call(driverOf(this.client), this.key, args);
  }

  /** How many permits it was granted. */
  async granted(id: string, seq: number, counts: Counts): Promise<number> {
    return (await this.say(id, seq, counts) as Ok).granted;
  }

  /** The key is known, and all is free. */
  async opened(): Promise<void> {
    const { wake } = await this.say("opener.0", 1, { wanted: 1 }) as Ok;
    await sleep(wake);
    await this.say("opener.0", 2, {});
    this.heard.length = 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    this.#ears.destroy();
    await this.stage[Symbol.asyncDispose]();
  }
}

/** What a holder says of itself. */
export interface Counts {
  granted?: number;
  released?: number;
  wanted?: number;
  idle?: number;
}

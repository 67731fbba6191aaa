// node-redis as it is at runtime, versions 5 and 6: one session of it.

import { PoolError } from "../../errors.ts";
import { shown } from "../../values.ts";
import type { Emitter } from "../listeners.ts";
import { Marks } from "./marks.ts";
import { type Session, unlessNone } from "./session.ts";

type Send = (args: readonly unknown[], ...more: unknown[]) => Promise<unknown>;
type Batch = (commands: readonly { args: readonly unknown[] }[], ...more: unknown[]) => Promise<
  unknown
>;
type Call = (...args: unknown[]) => Promise<unknown>;

/** A client, as far as it is used. */
interface Client extends Emitter, Record<(typeof SETTING)[number], Call> {
  /** What the client and its variants, such as `client.asap()`, inherit from. */
  readonly _self: Client;
  readonly options?: { database?: number };
  readonly isOpen: boolean;
  readonly isReady: boolean;
  readonly isPubSubActive: boolean;
  connect(): Promise<unknown>;
  destroy(): void;
  select(db: number): Promise<unknown>;
  unwatch(): Promise<unknown>;
  getPubSubListeners(type: string): Map<unknown, unknown>;
  sendCommand: Send;
  _executeMulti: Batch;
  _executePipeline: Batch;
}

/**
 * What goes by none of those. A session that has subscribed is reset even if it has unsubscribed: with
 * RESP 2 it may go on to take the answers of all commands for messages.
 */
const SETTING = [
  ...["reset", "monitor", "MONITOR", "subscribe", "SUBSCRIBE"] as const,
  ...["pSubscribe", "PSUBSCRIBE", "sSubscribe", "SSUBSCRIBE"] as const,
];

/** It has methods for these, and does not know their answers otherwise. */
const STRANGE = ["", "P", "S"].flatMap((kind) => [`${kind}SUBSCRIBE`, `${kind}UNSUBSCRIBE`]);

export class NodeRedisSession implements Session {
  readonly client: Client;
  readonly emitter: Emitter;
  readonly marks = new Marks(STRANGE);
  readonly #reset: Call;
  #connected = false;
  #unwanted = false;
  #pending = 0;
  #settled: (() => void) | undefined;

  constructor(createClient: (options: object) => unknown, config: Record<string, unknown>) {
    const client = createClient({
      ...config, // a copy: it is changed
      socket: { ...config.socket as object, reconnectStrategy: false },
      disableOfflineQueue: true,
    });
    if (!isClient(client)) {
      throw new PoolError(
        `redisPool: createClient must return a client of node-redis 5 or later, got ${
          shown(client)
        }`,
      );
    }
    this.client = client;
    this.emitter = client._self;
    this.#reset = client.reset;
    this.#watch(client._self);
  }

  get ready(): boolean {
    return this.client.isOpen && this.client.isReady;
  }

  get busy(): boolean {
    return this.#pending > 0;
  }

  get subscribed(): boolean {
    return this.client.isPubSubActive;
  }

  connect(): Promise<unknown> {
    this.emitter.once("connect", () => {
      this.#connected = true;
      if (this.#unwanted) this.destroy();
    });
    return this.client.connect();
  }

  settle(): Promise<void> {
    return new Promise((resolve) => this.#settled = resolve);
  }

  tidy(): Promise<unknown> {
    const { client, marks: { transaction, watch, database } } = this; // what is sent marks, too
    const sent: Promise<unknown>[] = [];
    if (transaction) sent.push(client.sendCommand(["DISCARD"]).catch(unlessNone));
    if (transaction || watch) sent.push(client.unwatch());
    if (database) sent.push(client.select(this.#database));
    return Promise.all(sent);
  }

  async restart(): Promise<void> {
    const { client, marks } = this;
    const { database } = marks;
    // What is left there passes for subscribed, though the server has forgotten it.
    for (const type of ["CHANNELS", "PATTERNS", "SHARDED"]) client.getPubSubListeners(type).clear();
    await Reflect.apply(this.#reset, client, []);
    // It selects the last borrower's database again.
    if (database) await client.select(this.#database);
  }

  ping(): Promise<unknown> {
    return this.client.sendCommand(["PING"]);
  }

  /** Whatever is under way is waited for. */
  async end(): Promise<void> {
    if (this.ready && this.busy) await this.settle();
    this.destroy();
  }

  destroy(): void {
    // Before that it would go on connecting, and could not be destroyed any more.
    if (!this.#connected) this.#unwanted = true;
    else if (this.client.isOpen) this.client.destroy();
  }

  get #database(): number {
    return this.client.options?.database ?? 0;
  }

  /** Hears of all that is sent: each other method comes down to one of these. */
  #watch(self: Client): void {
    const { sendCommand, _executeMulti, _executePipeline } = self;
    const { marks } = this;
    const sent = (answer: Promise<unknown>) => this.#count(answer);
    self.sendCommand = function (this: unknown, args, ...more) {
      const answer = sent(Reflect.apply(sendCommand, this, [args, ...more]));
      marks.note(args[0], args[1], answer);
      return answer;
    };
    const batch = (execute: Batch, last?: string): Batch =>
      function (this: unknown, commands, ...more) {
        const answer = sent(Reflect.apply(execute, this, [commands, ...more]));
        for (const { args } of commands) marks.note(args[0], args[1], answer);
        if (last !== undefined) marks.note(last, undefined, answer);
        return answer;
      };
    self._executeMulti = batch(_executeMulti, "EXEC");
    self._executePipeline = batch(_executePipeline);
    for (const name of SETTING) {
      const fn = self[name];
      self[name] = function (this: unknown, ...args) {
        marks.state = true;
        return sent(Reflect.apply(fn, this, args));
      };
    }
  }

  /** Gives its own promise in the place of `answer`, whose failure is still to be reported if nobody hears it. */
  #count(answer: Promise<unknown>): Promise<unknown> {
    this.#pending++;
    return answer.then(this.#answered, this.#failed);
  }

  readonly #answered = (reply: unknown): unknown => {
    if (--this.#pending === 0) this.#settled?.();
    return reply;
  };

  readonly #failed = (error: unknown): never => {
    if (--this.#pending === 0) this.#settled?.();
    throw error;
  };
}

function isClient(client: unknown): client is Client {
  const { _self, reset, sendCommand } = Object(client) as Partial<Client>;
  return typeof _self === "object" && typeof reset === "function" &&
    typeof sendCommand === "function";
}

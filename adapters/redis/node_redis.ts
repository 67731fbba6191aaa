// NodeRedis: a session of node-redis, versions 5 and 6.

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

/** A client, as far as the adapter uses it. */
interface Client extends Emitter, Record<(typeof SETTING)[number], Call> {
  /** The prototype of the client and its variants, such as `client.asap()`. */
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
 * Methods that send without these. A session that has subscribed is reset even if it has
 * unsubscribed: with RESP 2 it may take later answers for messages.
 */
const SETTING = [
  ...["reset", "monitor", "MONITOR", "subscribe", "SUBSCRIBE"] as const,
  ...["pSubscribe", "PSUBSCRIBE", "sSubscribe", "SSUBSCRIBE"] as const,
];

/** Commands with own methods: sent otherwise, their answers confuse the driver. */
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
      ...config, // a copy: the driver changes it
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
    // Remaining entries count as subscribed, though the server has dropped them.
    for (const type of ["CHANNELS", "PATTERNS", "SHARDED"]) client.getPubSubListeners(type).clear();
    await Reflect.apply(this.#reset, client, []);
    // The driver selects the last borrower's database again.
    if (database) await client.select(this.#database);
  }

  ping(): Promise<unknown> {
    return this.client.sendCommand(["PING"]);
  }

  /** Waits for running commands. */
  async end(): Promise<void> {
    if (this.ready && this.busy) await this.settle();
    this.destroy();
  }

  destroy(): void {
    // Before it is connected, the client would go on connecting after `destroy`.
    if (!this.#connected) this.#unwanted = true;
    else if (this.client.isOpen) this.client.destroy();
  }

  get #database(): number {
    return this.client.options?.database ?? 0;
  }

  /** Watches all commands: every other method calls one of these. */
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

  /**
   * Counts a running command. Returns another promise, so that an unhandled failure is still
   * reported.
   */
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

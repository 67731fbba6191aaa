// Ioredis: a session of ioredis, versions 5 and 6.

import type { Emitter } from "../listeners.ts";
import { Marks } from "./marks.ts";
import { type Session, unlessNone } from "./session.ts";

interface Command {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly promise: Promise<unknown>;
}

interface Options {
  readonly db?: number;
  readonly username?: string;
  readonly password?: string;
  readonly connectionName?: string;
  readonly readOnly?: boolean;
}

/** A client, as far as the adapter uses it. */
interface Client extends Emitter {
  readonly options: Options;
  readonly status: string;
  readonly stream?: { readonly writable: boolean; destroy(): unknown };
  readonly condition: { subscriber: unknown; protocol?: number } | null;
  readonly commandQueue: { readonly length: number };
  readonly autoPipelineQueueSize: number;
  connect(): Promise<unknown>;
  disconnect(): void;
  call(name: string, ...args: unknown[]): Promise<unknown>;
  select(db: number): Promise<unknown>;
  quit(): Promise<unknown>;
  sendCommand(command: Command, ...more: unknown[]): unknown;
}

export type Class = new (options: object) => Client;

/** Subscriptions that ioredis does not count. */
const STRANGE = ["SSUBSCRIBE"];

export class IoredisSession implements Session {
  readonly client: Client;
  readonly emitter: Emitter;
  readonly marks = new Marks(STRANGE);

  constructor(Redis: Class, config: Record<string, unknown>) {
    const client = this.client = this.emitter = new Redis({
      ...config,
      connectionName: config.connectionName ?? config.name,
      lazyConnect: true,
      retryStrategy: null,
      enableOfflineQueue: false,
    });
    const { marks } = this;
    const { sendCommand } = client;
    client.sendCommand = (command, ...more) => {
      const given = Reflect.apply(sendCommand, client, [command, ...more]);
      const { name, args: [first], promise } = command;
      marks.note(name, first, promise);
      return given;
    };
  }

  get ready(): boolean {
    return this.client.status === "ready" && this.client.stream?.writable === true;
  }

  get busy(): boolean {
    return this.client.commandQueue.length > 0 || this.client.autoPipelineQueueSize > 0;
  }

  get subscribed(): boolean {
    return Boolean(this.client.condition?.subscriber);
  }

  connect(): Promise<unknown> {
    return this.client.connect();
  }

  /** A command may fail by a time limit of the driver, long before its answer. */
  settle(): Promise<unknown> {
    return this.ping();
  }

  tidy(): Promise<unknown> {
    const { client, marks: { transaction, watch, database } } = this; // the commands sent here change the marks
    const sent: Promise<unknown>[] = [];
    if (transaction) sent.push(client.call("DISCARD").catch(unlessNone));
    if (transaction || watch) sent.push(client.call("UNWATCH"));
    if (database) sent.push(client.select(client.options.db ?? 0));
    return Promise.all(sent);
  }

  restart(): Promise<unknown> {
    const { client, marks: { database } } = this; // the commands sent here change the marks
    const { options: { db = 0, username, password, connectionName, readOnly } } = client;
    // ioredis would take messages that arrive before the answer for the answer.
    if (this.subscribed) return Promise.reject(new Error("a subscription was left open"));
    const sent = [client.call("RESET")];
    const auth = password ? [username ?? "default", password] : [];
    if (client.condition?.protocol === 3) {
      sent.push(client.call("HELLO", 3, ...password ? ["AUTH", ...auth] : []));
    } else if (password) {
      sent.push(client.call("AUTH", ...username ? auth : [password]));
    }
    // As on connecting: some users must not select. The driver also notes the database.
    if (db !== 0 || database) sent.push(client.select(db));
    if (connectionName) sent.push(client.call("CLIENT", "SETNAME", connectionName));
    if (readOnly) sent.push(client.call("READONLY"));
    return Promise.all(sent);
  }

  ping(): Promise<unknown> {
    return this.client.call("PING");
  }

  async end(): Promise<void> {
    try {
      if (this.ready) await this.client.quit();
    } finally {
      this.#disconnect();
    }
  }

  destroy(): void {
    this.#disconnect();
    this.client.stream?.destroy();
  }

  /** After its end, `disconnect` would leave a timer that keeps the process alive for 2 s. */
  #disconnect(): void {
    if (this.client.status !== "end") this.client.disconnect();
  }
}

// ioredis as it is at runtime, versions 5 and 6: one session of it.

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

/** A client, as far as it is used. */
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

/** It takes a session for unsubscribed that still is to one of these. */
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

  /** A command may have failed long before it is answered, by a time limit of the driver's. */
  settle(): Promise<unknown> {
    return this.ping();
  }

  tidy(): Promise<unknown> {
    const { client, marks: { transaction, watch, database } } = this; // what is sent marks, too
    const sent: Promise<unknown>[] = [];
    if (transaction) sent.push(client.call("DISCARD").catch(unlessNone));
    if (transaction || watch) sent.push(client.call("UNWATCH"));
    if (database) sent.push(client.select(client.options.db ?? 0));
    return Promise.all(sent);
  }

  restart(): Promise<unknown> {
    const { client, marks: { database } } = this; // what is sent marks, too
    const { options: { db = 0, username, password, connectionName, readOnly } } = client;
    // Messages that arrive before the answer would be taken for it.
    if (this.subscribed) return Promise.reject(new Error("a subscription was left open"));
    const sent = [client.call("RESET")];
    const auth = password ? [username ?? "default", password] : [];
    if (client.condition?.protocol === 3) {
      sent.push(client.call("HELLO", 3, ...password ? ["AUTH", ...auth] : []));
    } else if (password) {
      sent.push(client.call("AUTH", ...username ? auth : [password]));
    }
    // As on connecting: there are users who must not. The driver notes which it is, too.
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

  /** If it has ended, that would leave a timer behind, which keeps the process alive for 2 s. */
  #disconnect(): void {
    if (this.client.status !== "end") this.client.disconnect();
  }
}

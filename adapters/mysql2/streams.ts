// Streams: ends the streams of rows of a session that dies or is released; mysql2 does not.

import type { Command, Stream } from "./driver.ts";

const streams = new WeakMap<Command, Stream>();

/** Remembers the stream of a query, if `stream()` is called. */
export function watchStream(command: Command): void {
  const { stream: streamed, onResult } = command;
  if (onResult !== undefined || streamed === undefined || streams.has(command)) return;
  command.stream = (options) => {
    const stream = Reflect.apply(streamed, command, [options]);
    streams.set(command, stream);
    return stream;
  };
}

/** The running streams of one session. */
export class Streams {
  readonly #commands = new Set<Command>();

  /** Adds a command. */
  add(command: Command): void {
    if (command.onResult !== undefined) return;
    watchStream(command);
    this.#commands.add(command);
    command.once("end", () => this.#commands.delete(command));
  }

  /** Whether no stream is running. */
  get isEmpty(): boolean {
    return this.#commands.size === 0;
  }

  /** Fails all streams: the session has died, and they would wait for ever. */
  fail(error: Error): void {
    const commands = [...this.#commands];
    this.#commands.clear();
    for (const command of commands) {
      const stream = streams.get(command);
      if (stream !== undefined) destroy(stream, error);
      else if (command.listenerCount("error") > 0) command.emit("error", error);
    }
  }

  /**
   * Closes all streams: their borrower has returned the session. The remaining rows are dropped.
   */
  close(): void {
    for (const command of this.#commands) {
      const stream = streams.get(command);
      // With an error: without one, mysql2 would let the stream end normally.
      if (stream !== undefined) destroy(stream, new Error("the session was released"));
      // Later errors of the command concern nobody.
      command.on("error", () => {});
    }
  }
}

/** An `error` without a listener would end the process. */
function destroy(stream: Stream, error: Error): void {
  if (stream.listenerCount("error") === 0) stream.on("error", () => {});
  stream.destroy(error);
}

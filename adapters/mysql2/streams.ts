// Streams: the rows of queries without a callback, which mysql2 leaves alone when their session dies.

import type { Command, Stream } from "./driver.ts";

const streams = new WeakMap<Command, Stream>();

/** Remembers the stream that is made of a query, if one is. */
export function watchStream(command: Command): void {
  const { stream: streamed, onResult } = command;
  if (onResult !== undefined || streamed === undefined || streams.has(command)) return;
  command.stream = (options) => {
    const stream = Reflect.apply(streamed, command, [options]);
    streams.set(command, stream);
    return stream;
  };
}

/** Those of one session that are under way. */
export class Streams {
  readonly #commands = new Set<Command>();

  /** What a session is asked. */
  add(command: Command): void {
    if (command.onResult !== undefined) return;
    watchStream(command);
    this.#commands.add(command);
    command.once("end", () => this.#commands.delete(command));
  }

  /** Whether there are none. */
  get isEmpty(): boolean {
    return this.#commands.size === 0;
  }

  /** The session has died: they would wait for ever. */
  fail(error: Error): void {
    const commands = [...this.#commands];
    this.#commands.clear();
    for (const command of commands) {
      const stream = streams.get(command);
      if (stream !== undefined) destroy(stream, error);
      else if (command.listenerCount("error") > 0) command.emit("error", error);
    }
  }

  /** Their user has gone. The rest of their rows is read, and dropped. */
  close(): void {
    for (const command of this.#commands) {
      const stream = streams.get(command);
      // An error, for mysql2 has a stream end, too, that is destroyed without one.
      if (stream !== undefined) destroy(stream, new Error("the session was released"));
      // What the server still says of it is nobody's.
      command.on("error", () => {});
    }
  }
}

/** An `error` that nobody hears would end the process. */
function destroy(stream: Stream, error: Error): void {
  if (stream.listenerCount("error") === 0) stream.on("error", () => {});
  stream.destroy(error);
}

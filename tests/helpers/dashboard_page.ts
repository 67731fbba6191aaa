// A page of a dashboard, as far as it reads the events.

import type { Picture } from "../../observe/dashboard/recording.ts";

export interface Message {
  readonly run: number;
  readonly second: number;
  readonly more: number;
  readonly notes: string[];
  readonly pools: readonly Picture[];
}

type Show = (request: Request) => Promise<Response>;

/** Asks as a page does that knows nothing, or all up to the event of that id. */
export class Page {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** The id of the last event, and its bytes. */
  id = "";
  bytes: Uint8Array | undefined;

  private constructor(reader: ReadableStreamDefaultReader<Uint8Array>) {
    this.#reader = reader;
  }

  static async open(show: Show, known = ""): Promise<Page> {
    const headers = { accept: "text/event-stream" };
    const { body } = await show(new Request(`http://localhost/?events=${known}`, { headers }));
    return new Page(body!.getReader());
  }

  /** The next event; undefined if there is none any more. */
  async next(): Promise<Message | undefined> {
    const { value, done } = await this.#reader.read();
    if (done) return undefined;
    this.bytes = value;
    const [, id = "", data = ""] = /^id: (\S+)\nretry: \d+\ndata: (.+)\n\n$/
      .exec(new TextDecoder().decode(value))!;
    this.id = id;
    return JSON.parse(data);
  }

  /** The first pool of the next event. */
  async pool(): Promise<Picture> {
    return (await this.next())!.pools[0]!;
  }

  async close(): Promise<void> {
    await this.#reader.cancel();
  }
}

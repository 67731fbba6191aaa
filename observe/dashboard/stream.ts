// Stream: the events of one open page, one a second, as fast as it reads them.

import { after } from "../../pool/clock.ts";
import type { Board } from "./board.ts";

/** After how many ms the stream of a page that does not read ends. */
export const ASLEEP = 15_000;

/**
 * After how many ms a stream ends, and the page reconnects. It bounds how long a lost page is kept,
 * and how long a server's shutdown waits for the response.
 */
export const LIFE = 30_000;

/**
 * The stream for a page that has all events up to the id `known`. Events are made when they are
 * read, so they do not pile up for a page that does not read.
 */
export function events(board: Board, known: string): ReadableStream<Uint8Array> {
  const page = new Page(board, known);
  return new ReadableStream({
    start: (controller) => page.start(controller),
    pull: () => page.pull(),
    cancel: () => page.end(),
  }, { highWaterMark: 0 });
}

class Page {
  readonly #board: Board;
  readonly #gone: () => void;
  readonly #begun = Date.now();
  #known: string;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #stop: () => void = () => {};
  /** Resolves the promise of `pull`. */
  #pulled: () => void = () => {};
  #first = true;
  #ended = false;

  constructor(board: Board, known: string) {
    this.#board = board;
    this.#gone = board.open();
    this.#known = known;
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#stop = after(ASLEEP, false, () => this.end());
  }

  /** Called when the page reads. */
  pull(): Promise<void> | void {
    this.#stop();
    if (this.#first) return this.#send();
    const now = Date.now();
    return new Promise((resolve) => {
      this.#pulled = resolve;
      this.#stop = after(1000 - now % 1000, false, () => this.#send());
    });
  }

  #send(): void {
    if (this.#ended) return;
    const age = Date.now() - this.#begun;
    if (age > LIFE || age < 0) return this.end();
    try {
      const { id, event } = this.#board.event(this.#known);
      this.#known = id;
      this.#stop = after(ASLEEP, false, () => this.end());
      this.#first = false;
      this.#controller.enqueue(event);
      this.#pulled();
    } catch (error) {
      this.end(error); // an error of the function `pools`
    }
  }

  /** Ends the stream, with `error` if there is one. */
  end(error?: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#stop();
    this.#gone();
    try {
      if (error === undefined) this.#controller.close();
      else this.#controller.error(error);
    } catch {
      // The stream was cancelled.
    }
    this.#pulled();
  }
}

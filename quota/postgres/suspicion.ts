// Suspicion: for how long free places rest that may be those of a session that was ended.

import { after } from "../../pool/clock.ts";

/**
 * A session that has gone may have been ended with its process still there. The process closes what it
 * has, which takes it a moment, but its places are free at once. Which ones they are, nobody knows.
 */
export class Suspicion {
  readonly #grace: number;
  #peers: readonly number[] = [];
  #until = -Infinity;

  /** @param grace how long that moment is, in ms */
  constructor(grace: number) {
    this.#grace = grace;
  }

  /** These sessions are there now. */
  see(peers: readonly number[]): void {
    if (this.#peers.some((peer) => !peers.includes(peer))) this.rouse();
    this.#peers = peers;
  }

  /** That one ends, and has nothing left. */
  excuse(peer: number): void {
    this.#peers = this.#peers.filter((other) => other !== peer);
  }

  /** Nothing is known of others any more. */
  forget(): void {
    this.#peers = [];
  }

  /** Sessions have ended. */
  rouse(): void {
    this.#until = performance.now() + this.#grace;
  }

  /** Resolves when there is none. */
  async end(): Promise<void> {
    const left = this.#until - performance.now();
    if (left > 0) await new Promise<void>((resolve) => after(left, true, resolve));
  }
}

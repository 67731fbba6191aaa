// Suspicion: keeps free places unused while they may be those of a session that was ended.

import { after } from "../../pool/clock.ts";

/**
 * If a session has disappeared, its process may still run. The process needs a moment to close its
 * objects, but its places are free at once. It is not known which ones they are.
 */
export class Suspicion {
  readonly #grace: number;
  #peers: readonly number[] = [];
  #until = -Infinity;

  /** @param grace the length of this moment, in ms */
  constructor(grace: number) {
    this.#grace = grace;
  }

  /** Notes the present sessions. */
  see(peers: readonly number[]): void {
    if (this.#peers.some((peer) => !peers.includes(peer))) this.rouse();
    this.#peers = peers;
  }

  /** A session ends, and has no places. */
  excuse(peer: number): void {
    this.#peers = this.#peers.filter((other) => other !== peer);
  }

  /** Forgets the other sessions. */
  forget(): void {
    this.#peers = [];
  }

  /** Sessions have disappeared. */
  rouse(): void {
    this.#until = performance.now() + this.#grace;
  }

  /** Resolves when there is no suspicion. */
  async end(): Promise<void> {
    const left = this.#until - performance.now();
    if (left > 0) await new Promise<void>((resolve) => after(left, true, resolve));
  }
}

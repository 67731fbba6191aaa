// Seam: wraps the calls of borrowers, in their own asynchronous context, and creations.

import type { GetOptions } from "./options.ts";

/** The interface of traces and channels. */
export interface Seam {
  /** Called before each `get`, `borrow`, `use` and `tryGet`: whether to call `get` or `getNow`. */
  wanted(): boolean;
  /** Called before each return. Like `wanted`, it may add or remove the observation of returns. */
  returning(): void;
  /** Wraps `get`, `borrow`, and the `get` of a `use`. It returns the result of `run`. */
  get<R>(options: GetOptions | undefined, run: () => Promise<R>): Promise<R>;
  /** Wraps `tryGet`. */
  getNow<R>(run: () => R): R;
  /** Wraps the start of an attempt, outside every caller's context. */
  create(n: number, run: () => void): void;
}

/** Several seams; the oldest is the outermost. */
class Seams implements Seam {
  readonly all: readonly Seam[];

  constructor(all: readonly Seam[]) {
    this.all = all;
  }

  wanted(): boolean {
    let isWanted = false;
    for (const seam of this.all) isWanted = seam.wanted() || isWanted; // call each
    return isWanted;
  }

  returning(): void {
    for (const seam of this.all) seam.returning();
  }

  get<R>(options: GetOptions | undefined, run: () => Promise<R>): Promise<R> {
    return this.#around(run, (seam, inner) => seam.get(options, inner));
  }

  getNow<R>(run: () => R): R {
    return this.#around(run, (seam, inner) => seam.getNow(inner));
  }

  create(n: number, run: () => void): void {
    this.#around(run, (seam, inner) => seam.create(n, inner));
  }

  #around<R>(run: () => R, call: (seam: Seam, inner: () => R) => R): R {
    return this.all.reduceRight((inner, seam) => () => call(seam, inner), run)();
  }
}

/** Adds a seam. */
export function withSeam(seams: Seam | undefined, seam: Seam): Seam {
  return together([...allOf(seams), seam])!;
}

/** Removes a seam. */
export function withoutSeam(seams: Seam | undefined, seam: Seam): Seam | undefined {
  return together(allOf(seams).filter((one) => one !== seam));
}

function allOf(seams: Seam | undefined): readonly Seam[] {
  if (seams instanceof Seams) return seams.all;
  return seams === undefined ? [] : [seams];
}

function together(all: readonly Seam[]): Seam | undefined {
  return all.length > 1 ? new Seams(all) : all[0];
}

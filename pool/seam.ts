// Seam: what goes around the calls of borrowers in their own asynchronous context, and around creations.

import type { GetOptions } from "./options.ts";

/** What traces and channels are given. */
export interface Seam {
  /** Asked before each `get`, `borrow`, `use` and `tryGet`: whether `get` or `getNow` is to be called. */
  wanted(): boolean;
  /** Called before each return: it may begin to observe returns, or end that, as may `wanted`. */
  returning(): void;
  /** Around `get`, `borrow`, and the `get` of a `use`. It gives what `run` gives. */
  get<R>(options: GetOptions | undefined, run: () => Promise<R>): Promise<R>;
  /** Around `tryGet`. */
  getNow<R>(run: () => R): R;
  /** Around the start of an attempt, outside of every caller's context. */
  create(n: number, run: () => void): void;
}

/** Several: the first one that came is the outermost. */
class Seams implements Seam {
  readonly all: readonly Seam[];

  constructor(all: readonly Seam[]) {
    this.all = all;
  }

  wanted(): boolean {
    let isWanted = false;
    for (const seam of this.all) isWanted = seam.wanted() || isWanted; // each is to be asked
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

/** These, and one more. */
export function withSeam(seams: Seam | undefined, seam: Seam): Seam {
  return together([...allOf(seams), seam])!;
}

/** These without that one. */
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

// PermanentScope: one frame that all code is always in.

import { ScopeFrame } from "./frame.ts";
import type { Frame, Scope } from "./scope.ts";

/** A scope of one frame, which never ends: its `end` gives back all that is in it, and it goes on. */
export class PermanentScope implements Scope {
  /** What messages call it. */
  readonly name: string;
  readonly #frame: ScopeFrame;

  /**
   * Makes one.
   *
   * @param name what messages call it
   */
  constructor(name: string) {
    this.name = name;
    this.#frame = new ScopeFrame({ scope: name, enter: (_frame, fn) => fn(), permanent: true });
  }

  /** There is nothing to load. */
  ready(): Promise<void> {
    return Promise.resolve();
  }

  /** The frame. */
  current(): Frame {
    return this.#frame;
  }

  /** Calls `fn`, which is in the frame anyway; nothing ends with it. */
  run<R>(fn: () => R): R {
    return fn();
  }

  /** The frame: there is no other. */
  open(): Frame {
    return this.#frame;
  }
}

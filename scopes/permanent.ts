// PermanentScope: one frame that all code is always in.

import { ScopeFrame } from "./frame.ts";
import type { Frame, Scope } from "./scope.ts";

/**
 * A scope of one frame, which never ends: its `end` returns all its objects, and the frame goes on.
 */
export class PermanentScope implements Scope {
  /** The name of the scope in messages. */
  readonly name: string;
  readonly #frame: ScopeFrame;

  /**
   * Creates a scope.
   *
   * @param name the name of the scope in messages
   */
  constructor(name: string) {
    this.name = name;
    this.#frame = new ScopeFrame({ scope: name, enter: (_frame, fn) => fn(), permanent: true });
  }

  /** Resolves: there is nothing to load. */
  ready(): Promise<void> {
    return Promise.resolve();
  }

  /** The only frame. */
  current(): Frame {
    return this.#frame;
  }

  /** Calls `fn`. All code is in the frame, which does not end with it. */
  run<R>(fn: () => R): R {
    return fn();
  }

  /** The only frame: it opens no other. */
  open(): Frame {
    return this.#frame;
  }
}

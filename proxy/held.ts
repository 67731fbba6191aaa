// Held: the object of a proxy for the length of a block, for `await using`.

import { Forward, standIn } from "../forward.ts";

/** Forwards to the object, and gives it back when it is disposed of. */
export class Held extends Forward {
  readonly stand: object;
  readonly #object: unknown;
  readonly #give: () => Promise<void>;

  constructor(object: unknown, give: () => Promise<void>) {
    super();
    this.#object = object;
    this.#give = give;
    this.stand = standIn(this, object);
  }

  bare(): unknown {
    return this.#object;
  }

  override get(shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (key === Symbol.asyncDispose) return this.#give;
    if (key === "then") return undefined;
    return super.get(shadow, key, stand);
  }

  protected shown(): unknown {
    return this.#object;
  }
}

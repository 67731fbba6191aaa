// Held: the object of a proxy for one block, for `await using`.

import { isAsyncDispose, isDispose } from "../disposal.ts";
import { ProxyError } from "../errors.ts";
import { Forward, HANDLER, handlerOf, Label, standIn } from "../forward.ts";

/** Forwards to an object or a lease, and returns it on disposal. */
export class Held extends Forward {
  readonly stand: object;
  readonly #object: unknown;
  /** The handler of the lease: this stand-in counts as that lease, also for `ret`. */
  readonly #lease: Forward | undefined;
  readonly #give: () => Promise<void>;
  #over = false;

  constructor(object: unknown, give: () => Promise<void>) {
    super();
    this.#object = object;
    this.#lease = handlerOf(object);
    this.#give = give;
    const lease = this.#lease;
    if (lease !== undefined) this.failed = (error) => lease.failed(error);
    this.stand = standIn(this, this.bare());
  }

  bare(): unknown {
    if (this.#over) throw new ProxyError("this object was returned at the end of its block");
    return this.#lease === undefined ? this.#object : this.#lease.bare();
  }

  override standsFor(object: unknown): boolean {
    return this.#lease === undefined ? this.#object === object : this.#lease.standsFor(object);
  }

  override get(shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (isAsyncDispose(key)) return () => this.#end();
    if (isDispose(key)) return () => void this.#end();
    if (key === HANDLER) return this.#lease ?? this;
    if (key === "then") return undefined;
    return super.get(shadow, key, stand);
  }

  #end(): Promise<void> {
    this.#over = true;
    return this.#give();
  }

  protected shown(): unknown {
    if (this.#over) return new Label("[Proxy: the end of a block]");
    return this.#lease === undefined ? this.#object : Forward.show(this.#lease);
  }
}

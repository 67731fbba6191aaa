// The handler of a proxy: forwards to the object of the frame, at once or through promises.

import { ProxyError } from "../errors.ts";
import { Forward, HANDLER, Label } from "../forward.ts";
import { checkGet } from "../pool/check.ts";
import type { GetOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import type { Frame } from "../scopes/mod.ts";
import { isThenable, shown } from "../values.ts";
import type { Filling } from "./filling.ts";
import { Held } from "./held.ts";
import type { MEMBERS } from "./options.ts";
import type { Source } from "./source.ts";

/** What a proxy has besides what its object has, by name; and each for a given handler. */
type Member<T> = (handler: Handler<T>, stand: unknown) => unknown;

const OWN: Readonly<Record<typeof MEMBERS[number], Member<unknown>>> = {
  _getObj: (handler) => (options?: GetOptions) => handler.getObj(options),
  _retObj: (handler) => () => handler.retObj(),
  _hasObj: (handler) => () => handler.hasObj(),
  _obj: (handler) => (options?: GetOptions) => handler.obj(options),
  _in: (handler) => (frame: Frame) => handler.in(frame),
  _setPool: ({ filling }, stand) => (options: object) => (filling.setPool(options), stand),
  _pool: (handler) => handler.pool,
};

const UNDERSCORE = 0x5f;

/** One for each proxy, and one for each `_in`. */
export class Handler<T> extends Forward {
  readonly filling: Filling<T>;
  readonly #frame: Frame | undefined;
  readonly #another: (frame: Frame) => object;

  /** `frame`: the one to work in, instead of the current; `another`: a proxy for another one. */
  constructor(filling: Filling<T>, another: (frame: Frame) => object, frame?: Frame) {
    super();
    this.filling = filling;
    this.#another = another;
    this.#frame = frame;
  }

  bare(): unknown {
    const object = this.#object();
    if (object === undefined) throw deferredError();
    return object;
  }

  override get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    if (typeof key === "string") {
      // Promises would call it, and wait for ever.
      if (key === "then") return undefined;
      if (key.charCodeAt(0) === UNDERSCORE && Object.hasOwn(OWN, key)) {
        return OWN[key as keyof typeof OWN](this as Handler<unknown>, stand);
      }
      const setter = this.filling.setter(key);
      if (setter !== undefined) return setter;
    } else if (key === HANDLER) return this;
    const object = this.#object();
    if (object !== undefined) {
      const value = this.read(object, key, stand);
      // JSON leaves out what can be called, and the proxy of what `fun` makes can.
      return value === undefined && key === "toJSON" ? () => object : value;
    }
    // What the language itself would call, leaving the promise to nobody.
    if (key === "toJSON") return undefined;
    if (key === Symbol.toPrimitive) return noPrimitive;
    if (typeof key !== "string") return undefined;
    return (...args: unknown[]) => this.#call(args, (object) => method(object, key), true);
  }

  override apply(shadow: object, self: unknown, args: unknown[]): unknown {
    if (this.#object() !== undefined) return super.apply(shadow, self, args);
    return this.#call(args, callable, false);
  }

  /** It is as good as it can be said without an object. */
  override getPrototypeOf(_shadow: object): object | null {
    const object = this.#object();
    return object === undefined ? null : Reflect.getPrototypeOf(Object(object));
  }

  /** In another frame it may be another one, or another's. */
  protected override found(bare: unknown, key: PropertyKey): Callable {
    return (bare as Record<PropertyKey, Callable>)[key]!;
  }

  getObj(options?: GetOptions): unknown {
    const { source } = this.filling;
    try {
      if (options !== undefined) checkBounds(source, options);
      if (options?.signal?.aborted) throw options.signal.reason;
      const taken = source.take(this.#frame, options);
      if (!source.deferred) return source.handed(taken);
      return Promise.resolve(taken).then((value) => source.handed(value));
    } catch (error) {
      if (source.deferred) return Promise.reject(error);
      throw error;
    }
  }

  async retObj(): Promise<void> {
    await this.filling.source.give(this.#frame);
  }

  hasObj(): boolean {
    return this.filling.source.has(this.#frame);
  }

  async obj(options?: GetOptions): Promise<unknown> {
    const { source } = this.filling;
    const got = this.getObj(options);
    const object = source.deferred ? await got : got; // it may be a thenable itself
    return new Held(object, source.giver(this.#frame, object as T)).stand;
  }

  in(frame: Frame): object {
    if (typeof frame?.run !== "function" || typeof frame.defer !== "function") {
      throw new ProxyError(`_in takes a frame of a scope, from its open(), got ${shown(frame)}`);
    }
    return this.#another(frame);
  }

  get pool(): Pool<T> | undefined {
    return this.filling.source.pool(this.#frame);
  }

  protected shown(): unknown {
    try {
      const { source } = this.filling;
      if (source.has(this.#frame)) return source.now(this.#frame);
      return new Label("[Proxy: no object here]");
    } catch (error) {
      return new Label(`[Proxy: ${(error as Error).message}]`);
    }
  }

  /** The object of the frame; undefined if there may be none without waiting. */
  #object(): unknown {
    const { source } = this.filling;
    if (source.deferred) return undefined;
    const object = source.now(this.#frame) ?? source.take(this.#frame);
    if (!source.deferred) return object;
    // It has just turned out that `fun` is asynchronous: whoever calls a method hears how it ends.
    (object as Promise<unknown>).catch(() => {});
    return undefined;
  }

  /** Calls what `find` finds on the object, once that is there; always gives a promise. */
  #call(args: unknown[], find: Find, method: boolean): Promise<unknown> {
    try {
      const result = this.#invoke(args, find, method, this.#frame);
      return result instanceof Promise ? result : Promise.resolve(result);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  #invoke(args: unknown[], find: Find, method: boolean, given: Frame | undefined): unknown {
    const { source } = this.filling;
    const frame = source.frame(given);
    let object: unknown = source.now(frame);
    if (object === undefined) {
      const taken = source.take(frame);
      // Once it is there it is looked for again: it may have been given back meanwhile.
      if (isThenable(taken)) return taken.then(() => this.#invoke(args, find, method, frame));
      object = source.bare(taken);
    }
    const result = Reflect.apply(find(object), method ? object : undefined, args);
    if (result !== object || Object(object) !== object) return result;
    // Its own object: as whatever has that is there at once, for all that the type promises.
    return source.handed(source.take(frame));
  }
}

/** Finds what to call on an object. */
type Find = (object: unknown) => Callable;

// deno-lint-ignore ban-types
type Callable = Function;

function method(object: unknown, key: string): Callable {
  const value = (object as Record<string, unknown>)[key];
  if (typeof value === "function") return value;
  throw new TypeError(
    `${key} is no method of the object but ${shown(value)}: a proxy whose objects come later can ` +
      "only call methods; for all else take the object, by await proxy._getObj()",
  );
}

function callable(object: unknown): Callable {
  if (typeof object === "function") return object;
  throw new TypeError(`the object is no function but ${shown(object)}, and cannot be called`);
}

function checkBounds(source: Source<unknown>, options: GetOptions): void {
  if (!source.pooled) {
    throw new ProxyError("_getObj() takes options only if the proxy has a pool: leave them out");
  }
  checkGet("_getObj", options);
}

function noPrimitive(): never {
  throw deferredError();
}

function deferredError(): ProxyError {
  return new ProxyError(
    "the objects of this proxy come later, so that only their methods can be called, each giving a " +
      "promise: for all else take the object, by await proxy._getObj()",
  );
}

// Handler: the traps of a proxy. It forwards to the frame's object, directly or by promises.

import { PoolTimeoutError, ProxyError } from "../errors.ts";
import { Forward, HANDLER, isPlain, itself, Label } from "../forward.ts";
import { marked, UNREAD } from "../handed.ts";
import { checkGet } from "../pool/check.ts";
import type { GetOptions } from "../pool/options.ts";
import type { Pool } from "../pool.ts";
import type { Frame } from "../scopes/mod.ts";
import { abortReason, shown } from "../values.ts";
import type { Filling } from "./filling.ts";
import { Held } from "./held.ts";
import {
  call,
  type Callable,
  dataError,
  deferredError,
  left,
  methodOf,
  noPrimitive,
  outcome,
} from "./later.ts";
import { isShared } from "./methods.ts";
import type { MEMBERS } from "./options.ts";
import type { Holding, Source } from "./source.ts";

/** The proxy's own members by name, each a function of the handler. */
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

/** The functions that call one method: of an object that is there, and of a deferred one. */
interface Caller {
  /** The method that both call; {@linkcode UNREAD} until one has been read. */
  readonly method: unknown;
  readonly now: Callable;
  readonly later: Callable;
}

type Methods = Record<PropertyKey, unknown>;

/** The most names that are kept: each string key of a deferred proxy reads as a method. */
const MOST = 100;

const UNDERSCORE = 0x5f;

/** There is one for each proxy, and one for each `_in`. */
export class Handler<T> extends Forward {
  readonly filling: Filling<T>;
  readonly #frame: Frame | undefined;
  readonly #another: (frame: Frame) => object;
  /** The proxy of this handler. */
  stand!: object;
  /** The callers by method name, and the one that was read last. */
  readonly #callers = new Map<PropertyKey, Caller>();
  #key: PropertyKey | undefined;
  #caller: Caller | undefined;

  /**
   * `frame`: the frame to use instead of the current one. `another`: makes a proxy for a given
   * frame.
   */
  constructor(filling: Filling<T>, another: (frame: Frame) => object, frame?: Frame) {
    super();
    this.filling = filling;
    this.#another = another;
    this.#frame = frame;
    // The engine finds an own trap faster than an inherited one: see bench/README.md.
    const { get } = this;
    this.get = get;
  }

  bare(): unknown {
    return this.#there().object;
  }

  override standsFor(object: unknown): boolean {
    return this.filling.source.held(this.#frame)?.object === object;
  }

  /** The fast path: a method that was called before, of an object that is there. */
  override get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    const caller = key === this.#key ? this.#caller : this.#find(key);
    if (caller === undefined || stand !== this.stand) return this.#first(key, stand);
    const { source } = this.filling;
    const { deferred } = source;
    const holding = deferred ? source.held(this.#frame) : source.now(this.#frame);
    if (holding === undefined) return deferred ? caller.later : this.#first(key, stand);
    const method = (holding.object as Methods)[key];
    if (method !== caller.method) {
      return deferred
        ? this.#member(holding, key as string, method, stand)
        : this.given(holding.object, key, method, stand);
    }
    if (method !== holding.method) holding.note(method);
    return deferred ? caller.later : caller.now;
  }

  #find(key: PropertyKey): Caller | undefined {
    const caller = this.#callers.get(key);
    if (caller === undefined) return undefined;
    this.#key = key;
    return this.#caller = caller;
  }

  #first(key: PropertyKey, stand: unknown): unknown {
    if (typeof key === "string") {
      // A promise would call `then`, and wait for ever.
      if (key === "then") return undefined;
      if (key.charCodeAt(0) === UNDERSCORE && Object.hasOwn(OWN, key)) {
        return OWN[key as keyof typeof OWN](this as Handler<unknown>, stand);
      }
      const setter = this.filling.setter(key);
      if (setter !== undefined) return setter;
    } else if (key === HANDLER) return this;
    const object = this.#object();
    if (object !== undefined) return this.read(object, key, stand);
    // The language itself would call it, and nobody would handle the promise.
    if (key === "toJSON") return undefined;
    if (key === Symbol.toPrimitive) return noPrimitive;
    if (typeof key !== "string") return undefined;
    const holding = this.filling.source.held(this.#frame);
    if (holding === undefined) return this.#callerOf(key, stand).later;
    return this.#member(holding, key, (holding.object as Methods)[key], stand);
  }

  /** The member of a deferred proxy whose frame holds an object. */
  #member(holding: Holding<T>, key: string, value: unknown, stand: unknown): unknown {
    if (value === undefined || key === "constructor") return value;
    if (typeof value !== "function") throw dataError(key);
    const { object } = holding;
    if (!isShared(object, key)) return this.#later(key, value, object);
    holding.note(value);
    return this.#callerOf(key, stand, value).later;
  }

  protected override given(
    object: unknown,
    key: PropertyKey,
    value: unknown,
    stand: unknown,
  ): unknown {
    // JSON omits functions, and a proxy of `fun` is a function.
    if (value === undefined && key === "toJSON") return () => object;
    return super.given(object, key, value, stand);
  }

  override bound(key: PropertyKey, method: Callable, stand: unknown): Callable {
    const holding = this.#there();
    const { object } = holding;
    if (!isShared(object, key)) return this.#now(key, method, object, stand);
    holding.note(method);
    return isPlain(method)
      ? this.#callerOf(key, stand, method).now
      : this.#now(key, method, undefined, stand);
  }

  override finder(key: PropertyKey, method: Callable): () => Callable {
    const object = this.#object();
    return () => this.#called(this.#there(), key, method, object) as Callable;
  }

  #callerOf(key: PropertyKey, stand: unknown, method: Callable | typeof UNREAD = UNREAD): Caller {
    const now = this.#now(key, method, undefined, stand);
    const caller = { method, now, later: this.#later(key as string, method) };
    // Methods of symbols are not called by promises.
    if (stand === this.stand && typeof key === "string" && key !== "toJSON") {
      if (this.#callers.size === MOST) this.#callers.clear();
      this.#callers.set(key, caller);
      if (key === this.#key) this.#caller = caller;
    }
    return caller;
  }

  #now(key: PropertyKey, method: unknown, origin: unknown, stand: unknown): Callable {
    const now = (...args: unknown[]) => {
      const holding = this.#there();
      const { object } = holding;
      const called = this.#called(holding, key, method, origin);
      const result = Reflect.apply(called as Callable, object, args);
      return result === object ? itself(object, stand) : result;
    };
    return marked(now, { giver: this, key, method });
  }

  /** The method to call: the one that was read, if it fits this object; else this object's own. */
  #called(holding: Holding<T>, key: PropertyKey, method: unknown, origin: unknown): unknown {
    const { object } = holding;
    return object === origin || holding.had(method) ? method : (object as Methods)[key];
  }

  #later(key: string, method: unknown, origin: unknown = UNREAD): Callable {
    const later = (...args: unknown[]) => {
      let holding: Holding<T> | undefined;
      let called: Callable;
      try {
        holding = this.filling.source.now(this.#frame);
        if (holding === undefined) return this.#await(key, args);
        const isRead = holding.object === origin || holding.had(method);
        called = isRead ? method as Callable : methodOf(holding.object, key);
      } catch (error) {
        return Promise.reject(error);
      }
      try { // here, so that the compiler sees how `args` are used
        return outcome(holding, Reflect.apply(called, holding.object, args));
      } catch (error) {
        holding.fail(error);
        return Promise.reject(error);
      }
    };
    return marked(later, { giver: this, key, method });
  }

  override apply(shadow: object, self: unknown, args: unknown[]): unknown {
    if (this.#object() !== undefined) return super.apply(shadow, self, args);
    try {
      return this.#await(undefined, args);
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /** The best answer without an object. */
  override getPrototypeOf(_shadow: object): object | null {
    const { source } = this.filling;
    const object = source.deferred ? source.held(this.#frame)?.object : this.#object();
    return object === undefined ? null : Reflect.getPrototypeOf(Object(object));
  }

  /** Of a deferred proxy, only if its frame holds an object. */
  override has(shadow: object, key: PropertyKey): boolean {
    const { source } = this.filling;
    const holding = source.deferred ? source.held(this.#frame) : undefined;
    return holding === undefined ? super.has(shadow, key) : key in Object(holding.object);
  }

  getObj(options?: GetOptions): unknown {
    const { source } = this.filling;
    try {
      if (options !== undefined) checkBounds(source, options);
      if (options?.signal?.aborted) throw abortReason(options.signal);
      const taken = this.#take(this.#frame, options);
      if (!source.deferred) return (taken as Holding<T>).handed;
      return Promise.resolve(taken).then((holding) => holding.handed);
    } catch (error) {
      if (source.deferred) return Promise.reject(error);
      throw error;
    }
  }

  async retObj(): Promise<void> {
    await this.filling.source.give(this.#frame);
  }

  hasObj(): boolean {
    return this.filling.source.held(this.#frame) !== undefined;
  }

  async obj(options?: GetOptions): Promise<unknown> {
    const got = this.getObj(options);
    const object = this.filling.source.deferred ? await got : got; // the object may be a thenable
    return new Held(object, this.filling.source.giver(this.#frame, object as T)).stand;
  }

  in(frame: Frame): object {
    if (typeof frame?.run !== "function" || typeof frame.defer !== "function") {
      throw new ProxyError(`_in takes a frame, from the open() of a scope, got ${shown(frame)}`);
    }
    return this.#another(frame);
  }

  get pool(): Pool<T> | undefined {
    return this.filling.source.pool(this.#frame);
  }

  protected shown(): unknown {
    try {
      const { source } = this.filling;
      const holding = source.held(this.#frame);
      return holding === undefined ? new Label("[Proxy: no object here]") : holding.object;
    } catch (error) {
      return new Label(`[Proxy: ${(error as Error).message}]`);
    }
  }

  /** The frame's object; undefined if there is none without waiting. */
  #object(): unknown {
    return this.#holding()?.object;
  }

  #there(): Holding<T> {
    const holding = this.#holding();
    if (holding === undefined) throw deferredError();
    return holding;
  }

  #holding(): Holding<T> | undefined {
    const { source } = this.filling;
    return source.deferred ? undefined : source.now(this.#frame) ?? this.#made(source);
  }

  #made(source: Source<T>): Holding<T> | undefined {
    const taken = source.take(this.#frame);
    if (!source.deferred) return taken as Holding<T>;
    // `fun` has just turned out to be asynchronous: the call of the method reports its failure.
    (taken as Promise<unknown>).catch(() => {});
    return undefined;
  }

  /** Calls a method of the object, or the object itself, once the object is there. */
  #await(key: string | undefined, args: unknown[], given = this.#frame): Promise<unknown> {
    const { source } = this.filling;
    const frame = source.frame(given);
    const taken = source.now(frame) ?? this.#take(frame);
    if (!(taken instanceof Promise)) {
      const { object } = taken;
      return call(taken, methodOf(object, key), key === undefined ? undefined : object, args);
    }
    // Look for the object again: it may have been returned meanwhile.
    return taken.then(() => {
      const isSame = source === this.filling.source; // another source has its own slots in frames
      return this.#await(key, args, isSame ? frame : this.#frame);
    });
  }

  /** A caller that waits while the proxy is set again gets an object of the new source. */
  #take(frame: Frame | undefined, options?: GetOptions): Holding<T> | Promise<Holding<T>> {
    const { source } = this.filling;
    const begun = options?.timeout ? performance.now() : 0;
    const taken = source.take(frame, options);
    if (!(taken instanceof Promise)) return taken;
    return taken.catch((error) => {
      const own = options?.signal?.aborted || error instanceof PoolTimeoutError;
      if (own || source === this.filling.source) throw error;
      return this.#take(this.#frame, begun === 0 ? options : left(options!, begun));
    });
  }
}

function checkBounds(source: Source<unknown>, options: GetOptions): void {
  if (!source.pooled) {
    throw new ProxyError("_getObj() takes options only if the proxy has a pool: leave them out");
  }
  checkGet("_getObj", options);
}

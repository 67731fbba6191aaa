// The trap table by which a stand-in forwards every operation to the object that it stands for.

import { type Giver, learn, marked, type Origin, originOf, ownOf, WHENCE } from "./handed.ts";
import { hearing, isPlainPromise } from "./values.ts";

// deno-lint-ignore ban-types
type Callable = Function;

/** By this key a stand-in answers with its handler. */
export const HANDLER: unique symbol = Symbol("handler");

/** Where a callable shadow keeps its proxy: a handler that held it would keep it from collection. */
const STAND = Symbol("stand");

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT = Symbol.for("Deno.customInspect");

/**
 * Traps that forward to `bare()`. The proxy's own target is a shadow that shows nothing of the
 * object: a frozen object would otherwise bind every trap to its invariants.
 */
export abstract class Forward implements ProxyHandler<object>, Giver {
  /** The object at this moment; throws where there is none to be had. */
  abstract bare(): unknown;

  /**
   * Hears what a call has failed with: it threw, or its promise was rejected. Of nothing as long as it
   * is not overridden: then no promise is looked at.
   *
   * @internal
   */
  failed(_error: unknown): void {}

  /** @internal */
  standsFor(object: unknown): boolean {
    return this.bare() === object;
  }

  get(_shadow: object, key: PropertyKey, stand: unknown): unknown {
    return key === HANDLER ? this : this.read(this.bare(), key, stand);
  }

  /** What `stand` gives for a property of `bare`. */
  protected read(bare: unknown, key: PropertyKey, stand: unknown): unknown {
    // Read on the object itself, or else getters would look for private fields on the proxy.
    return this.given(bare, key, (bare as Record<PropertyKey, unknown>)[key], stand);
  }

  /** The same, which was read as `value`. */
  protected given(bare: unknown, key: PropertyKey, value: unknown, stand: unknown): unknown {
    if (typeof value === "function") {
      return key === "constructor" ? value : bind(this, key, value, stand);
    }
    if (value === undefined && key === "toJSON" && Object(bare) !== bare) return () => bare;
    return value === bare ? itself(bare, stand) : value;
  }

  set(_shadow: object, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    const object = Object(this.bare());
    if (isStandOf(this, receiver)) return Reflect.set(object, key, own(value, object));
    return Reflect.set(object, key, value, receiver); // what inherits from it has its own
  }

  has(_shadow: object, key: PropertyKey): boolean {
    return Reflect.has(Object(this.bare()), key);
  }

  deleteProperty(_shadow: object, key: PropertyKey): boolean {
    return Reflect.deleteProperty(Object(this.bare()), key);
  }

  ownKeys(_shadow: object): ArrayLike<string | symbol> {
    return Reflect.ownKeys(Object(this.bare()));
  }

  getPrototypeOf(_shadow: object): object | null {
    return Reflect.getPrototypeOf(Object(this.bare()));
  }

  setPrototypeOf(_shadow: object, prototype: object | null): boolean {
    return Reflect.setPrototypeOf(Object(this.bare()), prototype);
  }

  getOwnPropertyDescriptor(shadow: object, key: PropertyKey): PropertyDescriptor | undefined {
    if (key === HANDLER) return { value: this, configurable: true };
    const found = Reflect.getOwnPropertyDescriptor(Object(this.bare()), key);
    if (found === undefined) return undefined;
    // The language lets a proxy report as fixed only what is fixed on its target too.
    const fixed = Reflect.getOwnPropertyDescriptor(shadow, key)?.configurable === false;
    if (fixed) return { ...found, configurable: false, writable: true };
    return { ...found, configurable: true };
  }

  defineProperty(shadow: object, key: PropertyKey, descriptor: PropertyDescriptor): boolean {
    const fixed = Reflect.getOwnPropertyDescriptor(shadow, key)?.configurable === false;
    if (descriptor.configurable === false && !fixed) return false;
    const object = Object(this.bare());
    for (const part of ["value", "get", "set"] as const) {
      if (part in descriptor) descriptor[part] = own(descriptor[part], object) as never;
    }
    return Reflect.defineProperty(object, key, descriptor);
  }

  /** Refused: a proxy can be no more frozen than its shadow, which stays as it is. */
  preventExtensions(_shadow: object): boolean {
    return false;
  }

  apply(shadow: object, self: unknown, args: unknown[]): unknown {
    const bare = this.bare() as Callable;
    try {
      const result = Reflect.apply(bare, self, args);
      return result === bare ? (shadow as { [STAND]?: unknown })[STAND] : heard(this, result);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  construct(_shadow: object, args: unknown[], target: Callable): object {
    const bare = this.bare() as Callable;
    // Without a subclass in between, `target` is the stand-in itself: `new.target` must be the class.
    const made = target.prototype === bare.prototype ? bare : target;
    try {
      return Reflect.construct(bare, args, made);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /**
   * What calls the method `key`, which was read as `method`, on the object that is there then.
   *
   * @internal
   */
  bound(key: PropertyKey, method: Callable, stand: unknown): Callable {
    return caller(this, key, method, stand);
  }

  /**
   * What finds the function `key`, which was read as `method`, for its fields to be read then.
   *
   * @internal
   */
  finder(_key: PropertyKey, method: Callable): () => Callable {
    return () => {
      this.bare(); // throws if there is nothing to be read any more
      return method;
    };
  }

  /** What `console.log` shows: the object, or a {@linkcode Label} where there is none. */
  protected abstract shown(): unknown;

  /** Node calls it on the proxy, Deno and Bun on the proxy's target, which may be this. */
  [INSPECT](_depth: number, options: object, inspect?: Inspect): unknown {
    return show(handlerOf(this) ?? this, options, inspect);
  }

  [DENO_INSPECT](inspect: Inspect, options: object): unknown {
    return show(handlerOf(this) ?? this, options, inspect);
  }

  /** @internal */
  static show(handler: Forward): unknown {
    return handler.shown();
  }
}

/** What nobody has overridden. */
const UNHEARD = Forward.prototype.failed;

/** What a call gives, after `handler` hears of its failure. */
function heard(handler: Forward, result: unknown): unknown {
  if (typeof result !== "object" || handler.failed === UNHEARD) return result;
  return isPlainPromise(result) ? hearing(result, (error) => handler.failed(error)) : result;
}

/** What calls `method`; in a function of its own for others to know its text. */
function caller(handler: Forward, key: PropertyKey, method: Callable, stand: unknown): Callable {
  return (...args: unknown[]): unknown => {
    if (args[0] === WHENCE) return { giver: handler, key, method } satisfies Origin;
    const bare = handler.bare();
    try {
      const result = Reflect.apply(method, bare, args);
      return result === bare ? itself(bare, stand) : heard(handler, result);
    } catch (error) {
      handler.failed(error);
      throw error;
    }
  };
}

learn(caller(undefined!, "", undefined!, undefined));

/**
 * What is to be kept of what is written to `object`, or to one that inherits from it: its own, where a
 * stand-in has handed out something in place of that.
 */
function own(value: unknown, object: object): unknown {
  if (typeof value !== "function") {
    const handler = typeof value === "object" ? handlerOf(value) : undefined;
    return handler !== undefined && stoodFor(handler, object) ? object : value;
  }
  const handler = handlerOf(value);
  if (handler !== undefined && stoodFor(handler, object)) return object;
  const origin = handler === undefined ? originOf(value) : Fielded.originOf(handler);
  return origin === undefined ? value : ownOf(value, origin, object);
}

/** Words that stand where an object would. */
export class Label {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The words of a label; of anything else, which is asked nothing, undefined. */
  static textOf(value: unknown): string | undefined {
    const object = Object(value);
    return #text in object ? object.#text : undefined;
  }
}

type Inspect = (value: unknown, options: object) => string;

function show(handler: Forward, options: object, inspect?: Inspect): unknown {
  const value = Forward.show(handler);
  const text = Label.textOf(value);
  if (text !== undefined) return text;
  try {
    return inspect ? inspect(value, options) : value;
  } catch {
    return value; // which Bun's console can show where node:util cannot
  }
}

/**
 * Makes the proxy that forwards through `handler`. Its target is the handler itself where that will
 * do: it is there already, and `console.log` finds it behind the traps.
 */
export function standIn(handler: Forward, bare: unknown): object {
  if (typeof bare === "function") return callable(handler);
  if (isArray(bare)) return new Proxy(shadow(handler, []), handler);
  return new Proxy(handler, handler);
}

/** A revoked proxy cannot even be asked. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function callable(handler: Forward): object {
  // A bound function may be called and constructed, and has no `prototype` that traps must respect.
  const target = shadow(handler, function () {}.bind(undefined));
  const stand = new Proxy(target, handler);
  (target as { [STAND]?: unknown })[STAND] = stand;
  return stand;
}

function shadow<S extends object>(handler: Forward, target: S): S {
  return Object.assign(target, {
    [INSPECT]: (_depth: number, options: object, inspect?: Inspect) =>
      show(handler, options, inspect),
    [DENO_INSPECT]: (inspect: Inspect, options: object) => show(handler, options, inspect),
  });
}

/** The handler behind a stand-in of this library, else undefined. */
export function handlerOf(stand: unknown): Forward | undefined {
  if (typeof stand !== "object" && typeof stand !== "function" || stand === null) return undefined;
  try {
    return (stand as { [HANDLER]?: Forward })[HANDLER];
  } catch {
    return undefined; // a revoked proxy, say
  }
}

function bind(handler: Forward, key: PropertyKey, method: Callable, stand: unknown): Callable {
  if (isPlain(method)) return handler.bound(key, method, stand);
  // What it makes of the lease must end with the lease.
  if (method === Function.prototype.bind) {
    return marked(method.bind(stand), { giver: handler, key, method });
  }
  if (isClass(method)) return method;
  return new Proxy<Callable>(CALLABLE, new Fielded(handler, key, method, stand));
}

/** What a function is shown by; it has nothing that traps must respect. */
const CALLABLE = function () {}.bind(undefined);

/** Forwards to a function with fields: calls it, and reads of it, on whatever object is there then. */
class Fielded extends Forward {
  readonly #handler: Forward;
  readonly #key: PropertyKey;
  readonly #read: Callable;
  readonly #call: Callable;
  readonly #find: () => Callable;

  constructor(handler: Forward, key: PropertyKey, method: Callable, stand: unknown) {
    super();
    this.#handler = handler;
    this.#key = key;
    this.#read = method;
    this.#call = handler.bound(key, method, stand);
    this.#find = handler.finder(key, method);
    if (handler.failed !== UNHEARD) this.failed = (error) => handler.failed(error);
  }

  /** What the function is in place of that `handler` forwards to. */
  static originOf(handler: Forward): Origin | undefined {
    if (!(handler instanceof Fielded)) return undefined;
    return { giver: handler.#handler, key: handler.#key, method: handler.#read };
  }

  override standsFor(object: unknown): boolean {
    return object === this.#read;
  }

  bare(): Callable {
    return this.#find();
  }

  override get(shadow: object, key: PropertyKey, stand: unknown): unknown {
    // `call` and the like are called on the stand-in. Promises ask whatever they get for `then`.
    const isCommon = key in Function.prototype || key === "then";
    if (isCommon && !Object.hasOwn(this.#read, key)) return Reflect.get(this.#read, key);
    return super.get(shadow, key, stand);
  }

  override apply(_shadow: object, _self: unknown, args: unknown[]): unknown {
    return this.#call(...args);
  }

  override bound(key: PropertyKey, method: Callable, stand: unknown): Callable {
    const find = this.finder(key, method);
    const call = (...args: unknown[]): unknown => {
      const bare = this.bare();
      const found = find();
      try {
        const result = Reflect.apply(found, bare, args);
        return result === bare ? itself(bare, stand) : heard(this, result);
      } catch (error) {
        this.failed(error);
        throw error;
      }
    };
    return marked(call, { giver: this, key, method });
  }

  override finder(key: PropertyKey, method: Callable): () => Callable {
    const origin = this.bare();
    return () => {
      const bare = this.bare();
      return bare === origin ? method : (bare as Callable & Record<PropertyKey, Callable>)[key]!;
    };
  }

  protected shown(): unknown {
    return this.bare();
  }
}

/** Whether what a handler forwards to is `object`; one that has nothing to tell stands for nothing. */
function stoodFor(handler: Forward, object: unknown): boolean {
  try {
    return handler.standsFor(object);
  } catch {
    return false;
  }
}

/** Its own property says so, which what inherits from the stand-in has not. */
function isStandOf(handler: Forward, object: unknown): boolean {
  return Reflect.getOwnPropertyDescriptor(Object(object), HANDLER)?.value === handler;
}

/** What to give for an object that gives itself; a value, like text, has no self. */
export function itself(bare: unknown, stand: unknown): unknown {
  return Object(bare) === bare ? stand : bare;
}

/** Whether functions have nothing of their own that a closure in their place would not show. */
const plain = new WeakMap<Callable, boolean>();

/** Whether a method is one of these. */
export function isPlain(method: Callable): boolean {
  let known = plain.get(method);
  if (known === undefined) {
    known = method !== Function.prototype.bind &&
      ownKeys(method).every((key) => key === "length" || key === "name");
    plain.set(method, known);
  }
  return known;
}

/** A revoked proxy has none to show: it fails when it is called. */
function ownKeys(method: Callable): (string | symbol)[] {
  try {
    return Reflect.ownKeys(method);
  } catch {
    return [];
  }
}

function isClass(method: Callable): boolean {
  return Reflect.getOwnPropertyDescriptor(method, "prototype")?.writable === false;
}

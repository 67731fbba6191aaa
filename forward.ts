// Forward: the traps by which a stand-in forwards every operation to its object.

import { type Giver, learn, marked, type Origin, originOf, ownOf, WHENCE } from "./handed.ts";
import { hearing, isPlainPromise } from "./values.ts";

// deno-lint-ignore ban-types
type Callable = Function;

/** The key by which a stand-in returns its handler. */
export const HANDLER: unique symbol = Symbol("handler");

/** Where a callable shadow keeps its proxy: in a handler it would never be collected. */
const STAND = Symbol("stand");

const INSPECT = Symbol.for("nodejs.util.inspect.custom");
const DENO_INSPECT = Symbol.for("Deno.customInspect");

/**
 * Traps that forward to `bare()`. The proxy's target is a shadow: a frozen object as target would
 * bind every trap to its invariants.
 */
export abstract class Forward implements ProxyHandler<object>, Giver {
  /** The present object; throws if there is none. */
  abstract bare(): unknown;

  /**
   * Called with the failure of a call that threw or whose promise rejected. If it is not
   * overridden, promises are not watched.
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

  /** The value of a property of `bare`, as `stand` returns it. */
  protected read(bare: unknown, key: PropertyKey, stand: unknown): unknown {
    // Read on the object itself: on the proxy, getters would find no private fields.
    return this.given(bare, key, (bare as Record<PropertyKey, unknown>)[key], stand);
  }

  /** The same for a `value` that was read. */
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
    return Reflect.set(object, key, value, receiver); // an heir gets its own property
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
    // A proxy may report a property as non-configurable only if its target has it so.
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

  /** Refused: a proxy cannot be frozen without its shadow. */
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
    // Without a subclass, `target` is the stand-in; then `new.target` must be the class.
    const made = target.prototype === bare.prototype ? bare : target;
    try {
      return Reflect.construct(bare, args, made);
    } catch (error) {
      this.failed(error);
      throw error;
    }
  }

  /**
   * A function that calls the method `key`, read as `method`, on the object at that time.
   *
   * @internal
   */
  bound(key: PropertyKey, method: Callable, stand: unknown): Callable {
    return caller(this, key, method, stand);
  }

  /**
   * A function that finds the function `key`, read as `method`, when its fields are read.
   *
   * @internal
   */
  finder(_key: PropertyKey, method: Callable): () => Callable {
    return () => {
      this.bare(); // throws if the object is gone
      return method;
    };
  }

  /** What `console.log` shows: the object, or a {@linkcode Label} if there is none. */
  protected abstract shown(): unknown;

  /** Node calls it on the proxy, Deno and Bun on the proxy's target, which may be this handler. */
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

/** `failed`, if it is not overridden. */
const UNHEARD = Forward.prototype.failed;

/** The result of a call, whose failure `handler` gets. */
function heard(handler: Forward, result: unknown): unknown {
  if (typeof result !== "object" || handler.failed === UNHEARD) return result;
  return isPlainPromise(result) ? hearing(result, (error) => handler.failed(error)) : result;
}

/**
 * A function that calls `method`. It is made in its own function, so that its text can be
 * recognised.
 */
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
 * The value to write to `object`, or to an heir of it: if a stand-in has handed the value out for
 * the object's own, that own value.
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

/** Words that are shown in the place of an object. */
export class Label {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  /** The words of a label; undefined for other values, which are not read. */
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
    return value; // Bun's console can show what node:util cannot
  }
}

/**
 * Makes the proxy that forwards through `handler`. Its target is the handler itself if possible:
 * that saves an object, and `console.log` finds it.
 */
export function standIn(handler: Forward, bare: unknown): object {
  if (typeof bare === "function") return callable(handler);
  if (isArray(bare)) return new Proxy(shadow(handler, []), handler);
  return new Proxy(handler, handler);
}

/** A revoked proxy throws. */
function isArray(value: unknown): boolean {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

function callable(handler: Forward): object {
  // A bound function can be called and constructed, and has no `prototype` that would bind the
  // traps.
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

/** The handler of a stand-in of this library; else undefined. */
export function handlerOf(stand: unknown): Forward | undefined {
  if (typeof stand !== "object" && typeof stand !== "function" || stand === null) return undefined;
  try {
    return (stand as { [HANDLER]?: Forward })[HANDLER];
  } catch {
    return undefined; // for example a revoked proxy
  }
}

function bind(handler: Forward, key: PropertyKey, method: Callable, stand: unknown): Callable {
  if (isPlain(method)) return handler.bound(key, method, stand);
  // A function bound by it must end with the lease.
  if (method === Function.prototype.bind) {
    return marked(method.bind(stand), { giver: handler, key, method });
  }
  if (isClass(method)) return method;
  return new Proxy<Callable>(CALLABLE, new Fielded(handler, key, method, stand));
}

/** The target for functions: it has no property that would bind the traps. */
const CALLABLE = function () {}.bind(undefined);

/** Forwards to a function with fields: finds it on the present object for each call and read. */
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

  /** The origin of the function that `handler` forwards to. */
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
    // `call` and others of `Function.prototype` are called on the stand-in. Promises read `then` of
    // any value.
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

/** Whether a handler forwards to `object`; false if it has no object. */
function stoodFor(handler: Forward, object: unknown): boolean {
  try {
    return handler.standsFor(object);
  } catch {
    return false;
  }
}

/** Tests an own property, which heirs of the stand-in lack. */
function isStandOf(handler: Forward, object: unknown): boolean {
  return Reflect.getOwnPropertyDescriptor(Object(object), HANDLER)?.value === handler;
}

/** The result of a method that returns its own object: the stand-in; for a primitive, the value. */
export function itself(bare: unknown, stand: unknown): unknown {
  return Object(bare) === bare ? stand : bare;
}

/** Whether functions are plain: without own properties that a closure in their place would lack. */
const plain = new WeakMap<Callable, boolean>();

/** Whether a method is plain. */
export function isPlain(method: Callable): boolean {
  let known = plain.get(method);
  if (known === undefined) {
    known = method !== Function.prototype.bind &&
      ownKeys(method).every((key) => key === "length" || key === "name");
    plain.set(method, known);
  }
  return known;
}

/** A revoked proxy has no keys: it throws when it is called. */
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

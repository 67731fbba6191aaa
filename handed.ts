// Handed: the functions that stand-ins hand out instead of an object's own, and the origin of each.

// deno-lint-ignore ban-types
type Callable = Function;

/** The stand-in's handler that handed a function out. */
export interface Giver {
  /** Whether it forwards, or has forwarded, to `object`; gets no object for this. */
  standsFor(object: unknown): boolean;
}

/** The origin of a handed-out function: the handler, the key and the own function. */
export interface Origin {
  readonly giver: Giver;
  readonly key: PropertyKey;
  /**
   * The value that was read under `key`; {@linkcode UNREAD} if the function reads it at each call.
   */
  readonly method: unknown;
}

/** Nothing was read yet. */
export const UNREAD: unique symbol = Symbol("unread");

/**
 * A function with a known text returns its origin when it is called with this symbol. A lease makes
 * a function for each read of a method, so marking must cost nothing: on Bun a private field takes
 * 13 to 26 ns of the 110 ns of a whole turn, and a `WeakMap` 100 ns everywhere. The symbol is
 * registered, because other copies of this module know the same texts.
 */
export const WHENCE: symbol = Symbol.for("proxypool whence");

const texts = new Set<string>();

const { toString } = Function.prototype;

/** Notes the text of `sample`: functions with this text return their origin. */
export function learn(sample: Callable): void {
  const text: string = toString.call(sample);
  if (text.includes("=>")) texts.add(text); // else the runtime keeps no texts, and all functions look alike
}

/** A base class that returns its argument, so that a field is added to that. */
class Given {
  constructor(fn: object) {
    return fn;
  }
}

class Mark extends Given {
  readonly #origin: Origin;

  constructor(fn: Callable, origin: Origin) {
    super(fn);
    this.#origin = origin;
  }

  static of(fn: object): Origin | undefined {
    return #origin in fn ? fn.#origin : undefined;
  }
}

/** Marks a function that is kept. */
export function marked<F extends Callable>(fn: F, origin: Origin): F {
  new Mark(fn, origin);
  return fn;
}

/** The origin of a function; undefined if no stand-in has handed it out. */
export function originOf(fn: Callable): Origin | undefined {
  return Mark.of(fn) ?? (texts.has(toString.call(fn)) ? fn(WHENCE) : undefined);
}

/** The object's own function, if `fn` was handed out for it; else `fn`. */
export function ownOf(fn: Callable, { giver, key, method }: Origin, object: object): unknown {
  if (!giver.standsFor(object) && !hasMethod(object, key, method)) return fn;
  return method === UNREAD ? Reflect.get(object, key) : method;
}

/** Whether `object` has or inherits this method: it is another object of the same kind. */
function hasMethod(object: object, key: PropertyKey, method: unknown): boolean {
  let kind: object | null = object;
  try {
    for (; kind !== null; kind = Reflect.getPrototypeOf(kind)) {
      if (Reflect.getOwnPropertyDescriptor(kind, key)?.value === method) return true;
    }
  } catch {
    // A proxy may throw.
  }
  return false;
}

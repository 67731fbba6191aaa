// Handed: functions that stand-ins hand out in place of an object's own, and what each is in place of.

// deno-lint-ignore ban-types
type Callable = Function;

/** Who has handed a function out. */
export interface Giver {
  /** Whether it stands, or has stood, for `object`; asks for no object. */
  standsFor(object: unknown): boolean;
}

/** What a function is in place of. */
export interface Origin {
  readonly giver: Giver;
  readonly key: PropertyKey;
  /** What was read under `key`; {@linkcode UNREAD} for what calls whatever is there. */
  readonly method: unknown;
}

/** Nothing was read: the object has it under the key. */
export const UNREAD: unique symbol = Symbol("unread");

/**
 * A function whose text is known tells its origin when it is called with this. A lease makes a function
 * for each method that is read, so to remember each of them must cost nothing: a private field takes 13
 * to 26 ns of the 110 of a whole turn on Bun, a `WeakMap` 100 everywhere. Registered, for another copy
 * of this module knows the same texts.
 */
export const WHENCE: symbol = Symbol.for("proxypool whence");

const texts = new Set<string>();

const { toString } = Function.prototype;

/** All functions with the text of `sample` tell their origin. */
export function learn(sample: Callable): void {
  const text: string = toString.call(sample);
  if (text.includes("=>")) texts.add(text); // else the runtime keeps no texts, and all look alike
}

/** Gives back what it is made with, for a field to be added to that. */
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

/** Marks a function that is made once and kept. */
export function marked<F extends Callable>(fn: F, origin: Origin): F {
  new Mark(fn, origin);
  return fn;
}

/** What a function is in place of; undefined if no stand-in has handed it out. */
export function originOf(fn: Callable): Origin | undefined {
  return Mark.of(fn) ?? (texts.has(toString.call(fn)) ? fn(WHENCE) : undefined);
}

/** The object's own where `fn`, which has that origin, is in place of that; else `fn`. */
export function ownOf(fn: Callable, { giver, key, method }: Origin, object: object): unknown {
  if (!giver.standsFor(object) && !hasMethod(object, key, method)) return fn;
  return method === UNREAD ? Reflect.get(object, key) : method;
}

/** Whether `object`, or what it inherits from, has that very method: another one of its kind. */
function hasMethod(object: object, key: PropertyKey, method: unknown): boolean {
  let kind: object | null = object;
  try {
    for (; kind !== null; kind = Reflect.getPrototypeOf(kind)) {
      if (Reflect.getOwnPropertyDescriptor(kind, key)?.value === method) return true;
    }
  } catch {
    // A proxy may refuse to tell.
  }
  return false;
}

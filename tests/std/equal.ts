// Deep equality as @std/assert has it, for the stand-in of that: by the same rules, on every runtime.

/**
 * Whether `a` and `b` are the same, or the same in all that can be read of them. Stricter than node's
 * isDeepStrictEqual: of all but plain objects and arrays, whatever is inherited or not enumerable is
 * compared too, such as an error's `stack`. Laxer, too: `0` equals `-0`.
 */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new Map());
}

/** What `a`s have been compared with so far: round things are equal if all else is. */
type Met = Map<object, object>;

function same(a: unknown, b: unknown, met: Met): boolean {
  if (sameValue(a, b)) return true;
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime());
  // A function is equal to itself alone.
  if (!isObject(a) || !isObject(b) || prototype(a) !== prototype(b)) return false;
  return sameBuiltIn(a, b, met) ?? sameParts(a, b, met);
}

/** `Object.is`, but that `0` is `-0`. */
function sameValue(a: unknown, b: unknown): boolean {
  return a === b || Object.is(a, b);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** An object without a prototype is as good as a plain one. */
function prototype(value: object): unknown {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

/** Of objects whose content is in no property; undefined for all others. */
function sameBuiltIn(a: object, b: object, met: Met): boolean | undefined {
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError(`Cannot compare ${a instanceof WeakMap ? "WeakMap" : "WeakSet"} instances`);
  }
  // A Worker of old has none.
  if (typeof WeakRef === "function" && a instanceof WeakRef) {
    return same(a.deref(), (b as WeakRef<object>).deref(), met);
  }
  if (isTypedArray(a)) return sameElements(a, b as Numbers);
  return isBuffer(a)
    ? sameElements(new Uint8Array(a), new Uint8Array(b as ArrayBuffer))
    : undefined;
}

type Numbers = ArrayLike<number | bigint>;

function isTypedArray(value: object): value is Numbers & object {
  return ArrayBuffer.isView(value) && !(value instanceof DataView);
}

function isBuffer(value: object): value is ArrayBuffer {
  return value instanceof ArrayBuffer ||
    (typeof SharedArrayBuffer === "function" && value instanceof SharedArrayBuffer);
}

function sameElements(a: Numbers, b: Numbers): boolean {
  return a.length === b.length && Array.from(a).every((one, i) => sameValue(one, b[i]));
}

function sameParts(a: object, b: object, met: Met): boolean {
  if (met.get(a) === b) return true;
  if (Object.keys(a).length !== Object.keys(b).length) return false;
  met.set(a, b);
  const result = isCollection(a) && isCollection(b)
    ? sameEntries(a, b, met)
    : isText(a)
    ? String(a) === String(b)
    : sameProperties(a, b, met);
  // Members of collections are compared with others, too.
  if (!result) met.delete(a);
  return result;
}

function sameProperties(a: object, b: object, met: Met): boolean {
  const keys = isPlain(a) ? enumerableKeys : allKeys;
  const both = new Set([...keys(a), ...keys(b)]);
  return [...both].every((key) =>
    same(Reflect.get(a, key), Reflect.get(b, key), met) && (key in a) === (key in b)
  );
}

type Collection = Map<unknown, unknown> | Set<unknown>;

function isCollection(value: object): value is Collection {
  return value instanceof Map || value instanceof Set;
}

/** The order does not matter. */
function sameEntries(a: Collection, b: Collection, met: Met): boolean {
  if (a.size !== b.size) return false;
  const left = [...b.entries()];
  return [...a.entries()].every(([key, value]) => {
    const i = left.findIndex((other) => same(key, other[0], met) && same(value, other[1], met));
    if (i >= 0) left.splice(i, 1);
    return i >= 0;
  });
}

const TEXTS: unknown[] = [RegExp, URL, URLSearchParams, Intl.Locale].map((one) => one.prototype);

/** What says all of itself as a string. */
function isText(value: object): boolean {
  return TEXTS.includes(Object.getPrototypeOf(value));
}

function isPlain(value: object): boolean {
  return [Object.prototype, Array.prototype].includes(prototype(value) as never);
}

function enumerableKeys(value: object): PropertyKey[] {
  return Reflect.ownKeys({ ...value });
}

/** Of the object and of what it inherits from, but for what all objects or arrays have. */
function allKeys(value: object | null): PropertyKey[] {
  if (value === null || value === Object.prototype || value === Array.prototype) return [];
  return [...Reflect.ownKeys(value), ...allKeys(Object.getPrototypeOf(value))];
}

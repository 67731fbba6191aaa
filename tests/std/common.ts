// What assertObjectMatch compares: of two values, the part that both of them have.

/**
 * What `a` has of the keys of `b`, at every depth: of objects of any class as a plain one, of arrays
 * where both have an element. If they have no key in common, all of `a`, for that to differ from `b`.
 */
export function common(a: object, b: object): object {
  return ofObjects(a, b, new Map());
}

/** What `a`s are being compared with, for round things to end. */
type Met = Map<object, object>;
type Loose = Record<PropertyKey, unknown>;

function ofObjects(a: object, b: object, met: Met): object {
  if (Object(a) !== a) throw new TypeError(`Cannot match ${String(a)}`);
  if (met.get(a) === b) return a;
  met.set(a, b);
  const own = Reflect.ownKeys(a);
  const wanted = Reflect.ownKeys(b);
  const shared = own.filter((key) => wanted.includes(key));
  const differ = own.length > 0 && wanted.length > 0 && shared.length === 0;
  const pick = (key: PropertyKey) => differ ? get(a, key) : ofValues(get(a, key), get(b, key), met);
  return Object.fromEntries((differ ? own : shared).map((key) => [key, pick(key)]));
}

function get(object: object, key: PropertyKey): unknown {
  return (object as Loose)[key];
}

function ofValues(a: unknown, b: unknown, met: Met): unknown {
  if (!isObject(a) || !isObject(b) || a instanceof RegExp || a instanceof Date) return a;
  if (Array.isArray(a) && Array.isArray(b)) return ofArrays(a, b, met);
  if (a instanceof Map && b instanceof Map) return ofMaps(a, b, met);
  if (a instanceof Set && b instanceof Set) return new Set([...a].filter((one) => b.has(one)));
  return ofObjects(a, b, met);
}

function ofArrays(a: unknown[], b: unknown[], met: Met): unknown[] {
  if (met.get(a) === b) return a;
  met.set(a, b);
  const length = Math.min(a.length, b.length);
  return Array.from({ length }, (_, i) => ofValues(a[i], b[i], met));
}

type Anything = Map<unknown, unknown>;

function ofMaps(a: Anything, b: Anything, met: Met): Anything {
  const shared = [...a].filter(([key]) => b.has(key));
  return new Map(shared.map(([key, one]) => {
    const other = b.get(key);
    return [key, isObject(one) && isObject(other) ? ofObjects(one, other, met) : one];
  }));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

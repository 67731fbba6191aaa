// Stand-in for what tests/std/assert.ts has of node:assert/strict and node:util, for Workers without them.

/** Not for people's eyes like the real one, but unambiguous enough to say what differs. */
export function inspect(value: unknown): string {
  try {
    return show(value, []);
  } catch {
    return `[some ${typeof value}]`; // a dead lease, for one, cannot be looked at
  }
}

function show(value: unknown, above: unknown[]): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) {
    return Object.is(value, -0) ? "-0" : `${String(value)}`;
  }
  if (above.includes(value)) return "[circular]";
  const inner = (part: unknown) => show(part, [...above, value]);
  const all = (parts: Iterable<unknown>) => Array.from(parts, inner).join(", ");
  if (Array.isArray(value)) return `[${all(value)}]`;
  if (isCollection(value)) return `${kind(value)}(${all(value)})`;
  if (value instanceof Error || value instanceof Date) return `[${value}]`;
  const entries = keys(value).map((key) => `${String(key)}: ${inner(Reflect.get(value, key))}`);
  return `${kind(value)} { ${entries.join(", ")} }`;
}

function kind(value: object): string {
  return value.constructor?.name ?? "null";
}

/** As Node's: by type, prototype, own enumerable properties, and what is inside of built-in objects. */
export function isDeepStrictEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, new Map());
}

/** `met` holds the pairs that are being compared further up: round things are equal if all else is. */
function equal(a: unknown, b: unknown, met: Map<object, object>): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (Array.isArray(a) !== Array.isArray(b) || !Object.is(inside(a), inside(b))) return false;
  if (met.get(a) === b) return true;
  met.set(a, b);
  const same = equalParts(a, b, met) && equalKeys(a, b, met);
  met.delete(a);
  return same;
}

/** What some built-in objects are in all but identity. */
function inside(value: object): unknown {
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp) return String(value);
  if (value instanceof Promise) return value; // equal to itself alone
  const isPlain = ![Date, Number, String, Boolean, BigInt, Symbol].some((box) =>
    value instanceof box
  );
  return isPlain ? undefined : value.valueOf();
}

function equalParts(a: object, b: object, met: Map<object, object>): boolean {
  if (Array.isArray(a)) return a.length === (b as unknown[]).length;
  if (!isCollection(a) || !isCollection(b)) return true;
  const left = [...b];
  return a.size === b.size && [...a].every((one) => take(left, (other) => equal(one, other, met)));
}

function isCollection(value: object): value is Map<unknown, unknown> | Set<unknown> {
  return value instanceof Map || value instanceof Set;
}

/** Takes the first that fits out of `left`; false if there is none. */
function take<V>(left: V[], fits: (one: V) => boolean): boolean {
  const i = left.findIndex(fits);
  if (i >= 0) left.splice(i, 1);
  return i >= 0;
}

function equalKeys(a: object, b: object, met: Map<object, object>): boolean {
  const own = keys(a);
  return own.length === keys(b).length &&
    own.every((key) =>
      Object.hasOwn(b, key) && equal(Reflect.get(a, key), Reflect.get(b, key), met)
    );
}

function keys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

export default {
  deepStrictEqual(actual: unknown, expected: unknown): void {
    if (isDeepStrictEqual(actual, expected)) return;
    throw new Error(`actual:   ${inspect(actual)}\nexpected: ${inspect(expected)}`);
  },
};

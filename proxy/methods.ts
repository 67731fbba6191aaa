// Methods: which may be called on another object than that they were read of.

/** Whether a method is one of all objects of its kind: neither this one's own, nor an accessor's. */
export function isShared(object: unknown, key: PropertyKey): boolean {
  try {
    if (Object.hasOwn(Object(object), key)) return false;
    for (let kind = kindOf(object); kind !== null; kind = kindOf(kind)) {
      const property = Reflect.getOwnPropertyDescriptor(kind, key);
      if (property !== undefined) return "value" in property;
    }
  } catch {
    // A proxy may refuse to tell.
  }
  return false;
}

/** By which methods were replaced through a proxy, of which objects. */
const replaced = new WeakMap<object, Set<PropertyKey>>();

/** A proxy's user puts something in the place of a method. */
export function noteReplaced(object: unknown, key: PropertyKey): void {
  if (Object(object) !== object) return;
  const keys = replaced.get(object as object);
  if (keys === undefined) replaced.set(object as object, new Set([key]));
  else keys.add(key);
}

/** Whether that was the method of an object until a proxy's user put another one in its place. */
export function wasReplaced(object: unknown, key: PropertyKey, method: unknown): boolean {
  if (!replaced.get(object as object)?.has(key)) return false;
  const kind = kindOf(object);
  return kind !== null && Reflect.get(kind, key, object) === method;
}

function kindOf(object: unknown): object | null {
  return Reflect.getPrototypeOf(Object(object));
}

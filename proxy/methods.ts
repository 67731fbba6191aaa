// Methods: which of them can be called on another object of the same kind.

/**
 * Whether all objects of this kind share the method: it is neither an own property, nor read by an
 * accessor.
 */
export function isShared(object: unknown, key: PropertyKey): boolean {
  try {
    if (Object.hasOwn(Object(object), key)) return false;
    for (let kind = kindOf(object); kind !== null; kind = kindOf(kind)) {
      const property = Reflect.getOwnPropertyDescriptor(kind, key);
      if (property !== undefined) return "value" in property;
    }
  } catch {
    // A proxy may throw.
  }
  return false;
}

function kindOf(object: unknown): object | null {
  return Reflect.getPrototypeOf(Object(object));
}

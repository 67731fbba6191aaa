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

function kindOf(object: unknown): object | null {
  return Reflect.getPrototypeOf(Object(object));
}

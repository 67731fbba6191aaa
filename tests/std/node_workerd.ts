// Stand-in for what tests/std has of node:util, for Workers without that.

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

function isCollection(value: object): value is Map<unknown, unknown> | Set<unknown> {
  return value instanceof Map || value instanceof Set;
}

function keys(value: object): PropertyKey[] {
  return Reflect.ownKeys(value)
    .filter((key) => Object.prototype.propertyIsEnumerable.call(value, key));
}

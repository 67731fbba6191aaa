// Check: checks the options of observeMetrics and observeTraces.

import { shown } from "../../values.ts";

/** Throws if the option `name` lacks one of `methods`. */
export function checkMethods(
  where: string,
  name: string,
  given: unknown,
  methods: readonly string[],
): void {
  const lacking = methods.find((method) =>
    typeof (Object(given) as Record<string, unknown>)[method] !== "function"
  );
  if (lacking === undefined) return;
  throw new TypeError(
    `${where}: ${name} must have ${lacking}(), got ${
      shown(given)
    }: give it a ${name} of @opentelemetry/api`,
  );
}

/** Throws unless they are attributes without the names `own`. */
export function checkAttributes(where: string, attributes: unknown, own: readonly string[]): void {
  if (typeof attributes !== "object" || attributes === null || Array.isArray(attributes)) {
    throw new TypeError(`${where}: attributes must be an object, got ${shown(attributes)}`);
  }
  for (const [name, value] of Object.entries(attributes)) {
    if (own.includes(name)) {
      throw new TypeError(
        `${where}: attributes["${name}"] cannot be given: observeMetrics sets it itself: leave it ` +
          "out, and give the pool a name",
      );
    }
    if (["string", "number", "boolean"].includes(typeof value)) continue;
    throw new TypeError(
      `${where}: attributes["${name}"] must be a string, a number or a boolean, got ${
        shown(value)
      }`,
    );
  }
}

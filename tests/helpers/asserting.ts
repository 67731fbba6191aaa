// Loaded before the examples of the documentation: what they assert must hold.

console.assert = (holds?: boolean, ...what: unknown[]): void => {
  if (!holds) throw new Error(`an assertion of an example does not hold ${what.join(" ")}`.trim());
};

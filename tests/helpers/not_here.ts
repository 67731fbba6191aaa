// What a test throws that needs something its runtime does not have.

/** Makes a skipped test of it, with this reason: on workerd. Elsewhere it is a failure like any. */
export class NotHere extends Error {
  override readonly name = "NotHere";
}

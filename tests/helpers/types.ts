// Statements about types, which the compiler checks.

/** Whether two types are the same, and not merely assignable. */
export type Same<A, B> = (<X>() => X extends A ? 1 : 2) extends (<X>() => X extends B ? 1 : 2)
  ? true
  : false;

/** Compiles only for `true`. */
export function holds<_ extends true>(): void {}

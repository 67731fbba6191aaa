// Disposal: the symbols that `using` goes by, where a runtime lacks them, or gets them late (Jest 29).

/** Under what objects of the library are disposed of; what esbuild and Babel make of `using` finds it. */
export const asyncDispose: typeof Symbol.asyncDispose = (Symbol.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as typeof Symbol.asyncDispose;

const dispose: typeof Symbol.dispose = (Symbol.dispose ??
  Symbol.for("Symbol.dispose")) as typeof Symbol.dispose;

/** Whether it disposes asynchronously: also what a polyfill has put in since this was loaded. */
export function isAsyncDispose(key: PropertyKey): boolean {
  return key === asyncDispose || key === Symbol.asyncDispose;
}

/** Whether it disposes at once. */
export function isDispose(key: PropertyKey): boolean {
  return key === dispose || key === Symbol.dispose;
}

/** For a constructor: `prototype` gets the symbol that a polyfill has put in since its class was defined. */
export function adoptDisposal(prototype: AsyncDisposable): void {
  const late: typeof asyncDispose | undefined = Symbol.asyncDispose;
  if (late === undefined || late === asyncDispose || Object.hasOwn(prototype, late)) return;
  const { [asyncDispose]: value } = prototype;
  Object.defineProperty(prototype, late, { value, writable: true, configurable: true });
}

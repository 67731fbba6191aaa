// Disposal: the symbols that `using` goes by, where a runtime lacks them, or gets them late (Jest 29).

/** Under what objects of the library are disposed of; what esbuild and Babel make of `using` finds it. */
export const asyncDispose: typeof Symbol.asyncDispose = (Symbol.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as typeof Symbol.asyncDispose;

/** The same for those that are disposed of at once. */
export const dispose: typeof Symbol.dispose = (Symbol.dispose ??
  Symbol.for("Symbol.dispose")) as typeof Symbol.dispose;

/** Whether it disposes asynchronously: also what a polyfill has put in since, or another realm has. */
export function isAsyncDispose(key: PropertyKey): boolean {
  return key === asyncDispose || key === Symbol.asyncDispose ||
    isNamed(key, "Symbol.asyncDispose");
}

/** Whether it disposes at once. */
export function isDispose(key: PropertyKey): boolean {
  return key === dispose || key === Symbol.dispose || isNamed(key, "Symbol.dispose");
}

function isNamed(key: PropertyKey, name: string): boolean {
  return typeof key === "symbol" && key.description === name;
}

/** For a constructor: `prototype` gets the symbols that a polyfill has put in since its class was defined. */
export function adoptDisposal(prototype: object): void {
  adopt(prototype, asyncDispose, Symbol.asyncDispose);
  adopt(prototype, dispose, Symbol.dispose);
}

function adopt(prototype: object, own: symbol, late: symbol | undefined): void {
  if (late === undefined || late === own || Object.hasOwn(prototype, late)) return;
  const value: unknown = Reflect.get(prototype, own);
  if (value === undefined) return;
  Object.defineProperty(prototype, late, { value, writable: true, configurable: true });
}

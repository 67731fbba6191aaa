// Disposal: the symbols of `using`, also where a runtime lacks them or gets them late (Jest 29).

/** The key of asynchronous disposal; `using` compiled by esbuild or Babel finds it, too. */
export const asyncDispose: typeof Symbol.asyncDispose = (Symbol.asyncDispose ??
  Symbol.for("Symbol.asyncDispose")) as typeof Symbol.asyncDispose;

/** The key of synchronous disposal. */
export const dispose: typeof Symbol.dispose = (Symbol.dispose ??
  Symbol.for("Symbol.dispose")) as typeof Symbol.dispose;

/** Whether `key` means asynchronous disposal: also a later polyfill's, or another realm's. */
export function isAsyncDispose(key: PropertyKey): boolean {
  return key === asyncDispose || key === Symbol.asyncDispose ||
    isNamed(key, "Symbol.asyncDispose");
}

/** Whether `key` means synchronous disposal. */
export function isDispose(key: PropertyKey): boolean {
  return key === dispose || key === Symbol.dispose || isNamed(key, "Symbol.dispose");
}

function isNamed(key: PropertyKey, name: string): boolean {
  return typeof key === "symbol" && key.description === name;
}

/** For constructors: adds the symbols of a polyfill that was loaded after the class was defined. */
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

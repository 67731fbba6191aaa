// Context: the asynchronous context of a borrower, for tracers.

/** Runs a function in a context. */
export type Run = <R>(fn: () => R) => R;

interface Globals {
  process?: {
    getBuiltinModule?(name: string): { AsyncLocalStorage?: { snapshot?(): Run } } | undefined;
  };
}

const { process } = globalThis as unknown as Globals;
const storage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;

/** Captures the current context, if the runtime can. */
export function here(): Run | undefined {
  return storage?.snapshot?.();
}

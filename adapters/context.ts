// The asynchronous context of a borrower, which tracers go by.

/** Runs a function in a context. */
export type Run = <R>(fn: () => R) => R;

interface Globals {
  process?: {
    getBuiltinModule?(name: string): { AsyncLocalStorage?: { snapshot?(): Run } } | undefined;
  };
}

const { process } = globalThis as unknown as Globals;
const storage = process?.getBuiltinModule?.("node:async_hooks")?.AsyncLocalStorage;

/** The one that is here, where the runtime tells. */
export function here(): Run | undefined {
  return storage?.snapshot?.();
}

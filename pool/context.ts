// Runs the pool's own work outside of whatever asynchronous context its user is in.

type Run = <R>(fn: () => R) => R;

interface Globals {
  AsyncContext?: { Snapshot: new () => { run: Run } };
  process?: {
    getBuiltinModule?(name: string): { AsyncLocalStorage?: { snapshot?(): Run } } | undefined;
  };
}

/**
 * Calls `fn` in the context that was there when this module was loaded: a timer, a hook or a creation
 * that a request happens to start must not show that request's context, nor keep it alive.
 */
export const outside: Run = rootContext();

function rootContext(): Run {
  const globals = globalThis as unknown as Globals;
  if (globals.AsyncContext) {
    const snapshot = new globals.AsyncContext.Snapshot();
    return (fn) => snapshot.run(fn);
  }
  const hooks = globals.process?.getBuiltinModule?.("node:async_hooks");
  return hooks?.AsyncLocalStorage?.snapshot?.() ?? ((fn) => fn());
}

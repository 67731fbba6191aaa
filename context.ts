// Reaches the runtime's asynchronous context: carries a value along a flow, or works outside of all.

type Run = <R>(fn: () => R) => R;

/** Carries a value along the asynchronous flow that starts with it. */
export interface Carrier<V> {
  get(): V | undefined;
  run<R>(value: V, fn: () => R): R;
}

interface Variable<V> {
  get(): V | undefined;
  run<R>(value: V, fn: () => R): R;
}

interface Storage<V> {
  getStore(): V | undefined;
  run<R>(value: V, fn: () => R): R;
}

interface AsyncHooks {
  AsyncLocalStorage: { new <V>(): Storage<V>; snapshot?(): Run };
}

interface Globals {
  AsyncContext?: {
    Snapshot: new () => { run: Run };
    Variable: new <V>() => Variable<V>;
  };
  process?: { getBuiltinModule?(name: string): AsyncHooks | undefined };
}

interface WorkersModule {
  env: object;
  withEnv<R>(env: object, fn: () => R): R;
}

const { AsyncContext, process } = globalThis as unknown as Globals;
const hooks = process?.getBuiltinModule?.("node:async_hooks");

/**
 * Calls `fn` in the context that was there when this module was loaded: a timer, a hook or a creation
 * that a request happens to start must not show that request's context, nor keep it alive.
 */
export const outside: Run = rootContext();

function rootContext(): Run {
  if (AsyncContext) {
    const snapshot = new AsyncContext.Snapshot();
    return (fn) => snapshot.run(fn);
  }
  return hooks?.AsyncLocalStorage?.snapshot?.() ?? ((fn) => fn());
}

/** A carrier, where the runtime has one to give at once. */
export function carrier<V>(): Carrier<V> | undefined {
  if (AsyncContext) return new AsyncContext.Variable<V>();
  return hooks?.AsyncLocalStorage && ofStorage(new hooks.AsyncLocalStorage<V>());
}

/** A carrier, also where one has to be imported first: on Workers without `process`. */
export async function importCarrier<V>(): Promise<Carrier<V> | undefined> {
  const hooks = await load<AsyncHooks>("node:async_hooks");
  if (hooks) return ofStorage(new hooks.AsyncLocalStorage<V>());
  const workers = await load<WorkersModule>("cloudflare:workers");
  return workers && ofEnv(workers);
}

/** The name is no literal, for no bundler to look for a module that most runtimes do not have. */
function load<M>(name: string): Promise<M | undefined> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name).catch(() => undefined);
}

function ofStorage<V>(storage: Storage<V>): Carrier<V> {
  return {
    get: () => storage.getStore(),
    run: (value, fn) => storage.run(value, fn),
  };
}

/** What `withEnv` puts into the environment of Workers goes along the flow. */
function ofEnv<V>({ env, withEnv }: WorkersModule): Carrier<V> {
  const key = Symbol("proxypool");
  const current = env as { [key]?: V };
  return {
    get: () => current[key],
    run: (value, fn) => withEnv({ ...env, [key]: value }, fn),
  };
}

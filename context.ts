// Context: carries a value along an asynchronous flow, or runs code outside all callers' contexts.

/** Passes arguments on, so that a call needs no closure. */
type Run = <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => R;

/** Carries a value along an asynchronous flow. */
export type Carrier<V> = Storage<V>;

interface Variable<V> {
  get(): V | undefined;
  run<R>(value: V, fn: () => R): R;
}

interface Storage<V> {
  getStore(): V | undefined;
  run<R>(value: V, fn: () => R): R;
}

interface Resource {
  emitDestroy(): unknown;
  runInAsyncScope<A extends unknown[], R>(fn: (...args: A) => R, self: undefined, ...args: A): R;
}

interface NodeStorage<V> extends Storage<V> {
  enterWith(value: V): void;
  disable(): void;
}

interface AsyncHooks {
  AsyncLocalStorage: { new <V>(): NodeStorage<V>; snapshot?(): Run };
  AsyncResource?: new (type: string, options: { requireManualDestroy: boolean }) => Resource;
}

interface Globals {
  AsyncContext?: {
    Snapshot: new () => { run: Run };
    Variable: new <V>() => Variable<V>;
  };
  Bun?: unknown;
  navigator?: { userAgent?: string };
  process?: { getBuiltinModule?(name: string): AsyncHooks | undefined };
}

interface WorkersModule {
  env: object;
  withEnv<R>(env: object, fn: () => R): R;
}

const { AsyncContext, Bun, navigator, process } = globalThis as unknown as Globals;
const hooks = process?.getBuiltinModule?.("node:async_hooks");

/** Whether code outside of requests, such as a finalizer, may do almost nothing. */
export const requestBound: boolean = navigator?.userAgent === "Cloudflare-Workers";

/** Whether carrying a value makes each later `await` of the process slower: up to Node 22. */
export let carryingIsDear = false;

/**
 * Calls `fn` in the context in which this module was loaded. A timer, hook or creation that a
 * request starts must not see that request's context, nor keep it alive.
 */
export let outside: Run = rootContext();

// Workers without `process` must import it; this is done before their first request.
if (!AsyncContext && !hooks && requestBound) void importOutside();

async function importOutside(): Promise<void> {
  const hooks = await load<AsyncHooks>("node:async_hooks");
  const root = hooks && rootOf(hooks);
  const workers = root ? undefined : await load<WorkersModule>("cloudflare:workers");
  if (root) outside = root;
  else if (workers) {
    const { withEnv } = workers;
    const env = { ...workers.env };
    outside = (fn, ...args) => withEnv(env, () => fn(...args));
  }
}

function rootContext(): Run {
  if (AsyncContext) {
    const snapshot = new AsyncContext.Snapshot();
    return (fn, ...args) => snapshot.run(fn, ...args);
  }
  return hooks && rootOf(hooks) || ((fn, ...args) => fn(...args));
}

/**
 * A resource does the work of a snapshot, in a tenth of the time on Node and two thirds on Deno. On
 * Bun it is no faster, and keeps arguments in memory for longer.
 */
function rootOf({ AsyncLocalStorage, AsyncResource }: AsyncHooks): Run | undefined {
  if (Bun || !AsyncResource) return AsyncLocalStorage?.snapshot?.();
  // The resource is destroyed at once, so that Jest, cls-hooked and others that count resources by
  // `async_hooks` find no leak. It still carries its context.
  const resource = () => {
    const made = new AsyncResource("proxypool", { requireManualDestroy: true });
    made.emitDestroy();
    return made;
  };
  const root = resource();
  const run: Run = (fn, ...args) => root.runInAsyncScope(fn, undefined, ...args);
  carryingIsDear = isSticky(AsyncLocalStorage, run);
  if (!carryingIsDear) return run;
  return (fn, ...args) => run(resource).runInAsyncScope(fn, undefined, ...args);
}

/** Whether a store that a tracer enters within `run` leaks to all later calls: up to Node 22. */
function isSticky(AsyncLocalStorage: AsyncHooks["AsyncLocalStorage"], run: Run): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  try {
    run(() => storage.enterWith(true));
    const isSticky = run(() => storage.getStore()) === true;
    storage.disable(); // on Node 20 an enabled storage makes each await slower
    return isSticky;
  } catch {
    return false; // Workers have no `enterWith`
  }
}

/** A carrier, if the runtime has one without an import. */
export function carrier<V>(): Carrier<V> | undefined {
  if (AsyncContext) return ofVariable(new AsyncContext.Variable<V>());
  return hooks?.AsyncLocalStorage && new hooks.AsyncLocalStorage<V>();
}

/** A carrier, also by an import: on Workers without `process`. */
export async function importCarrier<V>(): Promise<Carrier<V> | undefined> {
  const hooks = await load<AsyncHooks>("node:async_hooks");
  if (hooks) return new hooks.AsyncLocalStorage<V>();
  const workers = await load<WorkersModule>("cloudflare:workers");
  return workers && ofEnv(workers);
}

/** The name is no literal, so that bundlers do not look for a module that most runtimes lack. */
function load<M>(name: string): Promise<M | undefined> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name).catch(() => undefined);
}

function ofVariable<V>(variable: Variable<V>): Carrier<V> {
  return {
    getStore: () => variable.get(),
    run: (value, fn) => variable.run(value, fn),
  };
}

/** On Workers, values of `withEnv` follow the flow. */
function ofEnv<V>({ env, withEnv }: WorkersModule): Carrier<V> {
  const key = Symbol("proxypool");
  const current = env as { [key]?: V };
  return {
    getStore: () => current[key],
    run: (value, fn) => withEnv({ ...env, [key]: value }, fn),
  };
}

// Reaches the runtime's asynchronous context: carries a value along a flow, or works outside of all.

/** Arguments go along, for there to be no closure for each call. */
type Run = <A extends unknown[], R>(fn: (...args: A) => R, ...args: A) => R;

/** Carries a value along the asynchronous flow that starts with it. */
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

/** Whether code that no request has called, such as a finalizer, is allowed next to nothing. */
export const requestBound: boolean = navigator?.userAgent === "Cloudflare-Workers";

/** Whether a value that is carried makes each `await` of the process slower, for good: up to Node 22. */
export let carryingIsDear = false;

/**
 * Calls `fn` in the context that was there when this module was loaded: a timer, a hook or a creation
 * that a request happens to start must not show that request's context, nor keep it alive.
 */
export let outside: Run = rootContext();

// Workers without `process` have to import it, which is done before their first request.
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
 * A resource does what a snapshot does, in a tenth of the time on Node and two thirds of it on Deno. On
 * Bun it gains nothing, and what it has run with stays in memory for longer.
 */
function rootOf({ AsyncLocalStorage, AsyncResource }: AsyncHooks): Run | undefined {
  if (Bun || !AsyncResource) return AsyncLocalStorage?.snapshot?.();
  // Who counts resources by `async_hooks`, as Jest does and cls-hooked, is told at once that it ends:
  // that changes nothing of what it carries, and nobody is to find it left over.
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

/** Whether a store that is entered there, as tracers do, is that of all who come later: up to Node 22. */
function isSticky(AsyncLocalStorage: AsyncHooks["AsyncLocalStorage"], run: Run): boolean {
  const storage = new AsyncLocalStorage<boolean>();
  try {
    run(() => storage.enterWith(true));
    const isSticky = run(() => storage.getStore()) === true;
    storage.disable(); // Node 20 makes each await dearer for one that is in use
    return isSticky;
  } catch {
    return false; // Workers have none to enter
  }
}

/** A carrier, where the runtime has one to give at once. */
export function carrier<V>(): Carrier<V> | undefined {
  if (AsyncContext) return ofVariable(new AsyncContext.Variable<V>());
  return hooks?.AsyncLocalStorage && new hooks.AsyncLocalStorage<V>();
}

/** A carrier, also where one has to be imported first: on Workers without `process`. */
export async function importCarrier<V>(): Promise<Carrier<V> | undefined> {
  const hooks = await load<AsyncHooks>("node:async_hooks");
  if (hooks) return new hooks.AsyncLocalStorage<V>();
  const workers = await load<WorkersModule>("cloudflare:workers");
  return workers && ofEnv(workers);
}

/** The name is no literal, for no bundler to look for a module that most runtimes do not have. */
function load<M>(name: string): Promise<M | undefined> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ name).catch(() => undefined);
}

function ofVariable<V>(variable: Variable<V>): Carrier<V> {
  return {
    getStore: () => variable.get(),
    run: (value, fn) => variable.run(value, fn),
  };
}

/** What `withEnv` puts into the environment of Workers goes along the flow. */
function ofEnv<V>({ env, withEnv }: WorkersModule): Carrier<V> {
  const key = Symbol("proxypool");
  const current = env as { [key]?: V };
  return {
    getStore: () => current[key],
    run: (value, fn) => withEnv({ ...env, [key]: value }, fn),
  };
}

// The modules of Workers that the tests use, with as much of their types: checkers know neither.

export interface Fetcher {
  fetch(url: string, init?: RequestInit): Promise<Response>;
}

export interface DurableObjectNamespace {
  idFromName(name: string): unknown;
  get(id: unknown): Fetcher;
}

/** What scripts/workerd.ts gives to every Worker; each class that a test file exports is in it, too. */
export interface Env {
  SELF: Fetcher;
  SERVER: string;
}

export interface Socket {
  readonly readable: ReadableStream<Uint8Array>;
  readonly writable: WritableStream<Uint8Array>;
  close(): Promise<void>;
}

interface Sockets {
  connect(address: string): Socket;
}

interface Workers {
  env: Env;
  withEnv<R>(env: object, fn: () => R): R;
}

export const { connect }: Sockets = await import("cloudflare:sockets" as string);
export const workers: Workers = await import("cloudflare:workers" as string);

/** With the Durable Objects that the test file exports. */
export function env<Objects extends string = never>():
  & Env
  & Record<Objects, DurableObjectNamespace> {
  return workers.env as Env & Record<Objects, DurableObjectNamespace>;
}

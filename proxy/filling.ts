// Filling: the content of a proxy, given at its creation or later.

import { ProxyError } from "../errors.ts";
import { handlerOf } from "../forward.ts";
import { checkNames, OPTIONS, settingsOf } from "../pool/check.ts";
import type { Create, PoolOptions } from "../pool/options.ts";
import { type Scope, thread, versatile } from "../scopes/mod.ts";
import { shown } from "../values.ts";
import { checkPooled, poolOptions } from "./options.ts";
import type { Source } from "./source.ts";
import { Fixed, Made, Pooled, Unset } from "./sources.ts";

/** The content of a proxy; with neither member, it is not set yet. */
export interface Content<T> {
  obj?: T | undefined;
  fun?: Create<T> | undefined;
}

/** Keeps the source of a proxy's objects: a new one each time the proxy is set. */
export class Filling<T> {
  source: Source<T>;
  readonly #setName: string;
  readonly #setObjName: string;
  readonly #setFunName: string;
  readonly #scope: Scope | undefined;
  #content: Content<T>;
  /** The options of its pool; without `maxSize` there is none. */
  #options: PoolOptions<T>;

  constructor(
    content: Content<T>,
    options: PoolOptions<T>,
    scope: Scope | undefined,
    setName: string,
  ) {
    this.#setName = setName;
    this.#setObjName = `${setName}Obj`;
    this.#setFunName = `${setName}Fun`;
    this.#scope = scope;
    this.#content = content;
    this.#options = options;
    if (options.maxSize === undefined) checkCloser(content.obj, options.closer);
    this.source = this.#newSource(content, options);
  }

  /** The setter, if `key` is the name of one. */
  setter(key: string): unknown {
    if (key === this.#setName) return (content: Content<T>) => this.#set(content);
    if (key === this.#setObjName) return (obj: T) => this.#fill({ obj });
    if (key === this.#setFunName) return (fun: Create<T>) => this.#fill({ fun });
    return undefined;
  }

  setPool(options: PoolOptions<T>): void {
    if (this.source.started) {
      throw new ProxyError(
        "_setPool() comes too late, the pool exists: call it before the proxy is used, or " +
          "_pool.resize()",
      );
    }
    checkNames("_setPool", options, OPTIONS);
    const merged = { ...this.#options, ...poolOptions(options) };
    if (merged.maxSize === undefined) {
      throw new ProxyError("_setPool() needs maxSize, or the proxy has no pool (0: unlimited)");
    }
    this.#replace(this.#content, merged);
  }

  #set(content: Content<T>): void {
    const set = this.#setName;
    if (!isContent(content)) {
      throw new ProxyError(
        `${set}() takes { obj } or { fun }, got ${
          shown(content)
        }: to give the object itself call ` +
          `${set}Obj(obj); if the object has a method ${set}, give the proxy another setName`,
      );
    }
    this.#fill(content);
  }

  #fill(content: Content<T>): void {
    const set = this.#setName;
    if (content.obj === undefined && content.fun === undefined) {
      throw new ProxyError(`${set} needs obj or fun, got neither`);
    }
    if ((handlerOf(content.obj) as { filling?: unknown } | undefined)?.filling === this) {
      throw new ProxyError("a proxy cannot be its own object: give it the object itself");
    }
    this.#replace(content, this.#options);
  }

  /** If the new source throws, the old one stays. */
  #replace(content: Content<T>, options: PoolOptions<T>): void {
    const old = this.source;
    this.source = this.#newSource(content, options);
    this.#content = content;
    this.#options = options;
    old.retire();
  }

  /** Whether the type of the proxy, which cannot change, is deferred. */
  get #deferred(): boolean {
    return (this.source as Source<T> | undefined)?.deferred ?? false; // none yet: called by the constructor
  }

  #newSource({ obj, fun }: Content<T>, options: PoolOptions<T>): Source<T> {
    const pooled = options.maxSize !== undefined;
    checkContent(obj, fun, pooled);
    checkPooled(options);
    if (obj !== undefined) return new Fixed(obj);
    if (fun === undefined) return new Unset(pooled, this.#setName);
    return pooled
      ? new Pooled(this.#scope ?? versatile, fun, options)
      : new Made(this.#scope ?? thread, fun, settingsOf(options), this.#deferred);
  }
}

/** Throws for a `closer` that would never be called. */
function checkCloser(obj: unknown, closer: unknown): void {
  if (obj === undefined || closer === undefined) return;
  throw new ProxyError(
    "closer closes only objects of fun: close obj yourself, or give fun instead",
  );
}

function isContent(content: unknown): boolean {
  if (typeof content !== "object" || content === null) return false;
  const keys = Reflect.ownKeys(content);
  return keys.length > 0 && keys.every((key) => key === "obj" || key === "fun");
}

function checkContent(obj: unknown, fun: unknown, pooled: boolean): void {
  if (obj === null) throw new ProxyError("obj must be an object, a string or a number, got null");
  if (obj instanceof Promise) {
    throw new ProxyError(
      "obj must be the object itself, got a promise: await it, or give fun: () => promise",
    );
  }
  if (fun !== undefined && typeof fun !== "function") {
    throw new ProxyError(`fun must be a function that returns an object, got ${shown(fun)}`);
  }
  if (obj !== undefined && fun !== undefined) {
    throw new ProxyError("a proxy takes either obj, which all share, or fun, got both");
  }
  if (obj !== undefined && pooled) {
    throw new ProxyError(
      "a proxy with a pool (maxSize) needs fun, got obj: give fun, or no maxSize",
    );
  }
}

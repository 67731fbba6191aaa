// Objects that make it hard to be lent: each is made afresh, and perhaps changed before it is lent.

import { NotHere } from "./not_here.ts";

export interface Hostile {
  what: string;
  make(): unknown;
  /** What befalls it once it has been made. */
  later?(object: unknown): void;
}

export function fail(): never {
  throw new RangeError("hostile");
}

class Secretive {
  static #made = 0;
  static get made(): number {
    return this.#made;
  }
  #secret = ++Secretive.#made;
  get secret(): number {
    return this.#secret;
  }
}

/** Where everything that can be asked of it fails, but for `then`: a promise could not bring it. */
const REFUSING: ProxyHandler<object> = {
  get: (_, key) => key === "then" ? undefined : fail(),
  ...{ set: fail, has: fail, deleteProperty: fail, ownKeys: fail, getPrototypeOf: fail },
  ...{ setPrototypeOf: fail, getOwnPropertyDescriptor: fail, defineProperty: fail },
  ...{ apply: fail, construct: fail, isExtensible: fail, preventExtensions: fail },
};

const revokers = new WeakMap<object, () => void>();

function revocable(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revokers.set(proxy, revoke);
  return proxy;
}

function revoke(proxy: unknown): void {
  revokers.get(proxy as object)!();
}

function withGetter(name: PropertyKey, target: object = {}): object {
  return Object.defineProperty(target, name, { get: fail, configurable: true });
}

function named(name: unknown): object {
  return Object.defineProperty(() => 1, "name", { value: name });
}

function hasWeakRef(): object {
  if (typeof WeakRef === "undefined") throw new NotHere("there is no WeakRef");
  return new WeakRef({});
}

const OBJECTS: Record<string, () => unknown> = {
  "a frozen object": () => Object.freeze({ a: 1, sum: () => 2 }),
  "a frozen array": () => Object.freeze([1]),
  "a frozen function": () => Object.freeze(() => 1),
  "an object without prototype": () => Object.create(null),
  "an object whose prototype is a Map": () => Object.create(new Map()),
  "a proxy that refuses everything": () => new Proxy({}, REFUSING),
  "a proxy of a function that refuses everything": () => new Proxy(() => 1, REFUSING),
  "a proxy of an array that refuses everything": () => new Proxy([1], REFUSING),
  "an instance with private members": () => new Secretive(),
  "a class with private and static members": () => class extends Secretive {},
  "a class whose name is a method": () =>
    ({
      Named: class {
        static name() {}
      },
    }).Named,
  "a function with properties": () => Object.assign(() => 1, { a: 1, then: 1 }),
  "a function with a prototype": () => function () {},
  "a bound function": () => fail.bind(null),
  "an async function": () => async () => await null,
  "a generator function": () => function* () {},
  "an asynchronous generator function": () => async function* () {},
  "a function whose name is a symbol": () => named(Symbol("name")),
  "a function whose name cannot be read": () => withGetter("name", () => 1),
  "a generator": () => (function* () {})(),
  "the arguments of a function": () =>
    (function (..._: unknown[]) {
      return arguments;
    })(1, 2),
  "a Map": () => new Map(),
  "a Set": () => new Set(),
  "a WeakMap": () => new WeakMap(),
  "a WeakSet": () => new WeakSet(),
  "a WeakRef": hasWeakRef,
  "a Uint8Array": () => new Uint8Array(2),
  "a BigInt64Array": () => new BigInt64Array(2),
  "a DataView": () => new DataView(new ArrayBuffer(2)),
  "an ArrayBuffer": () => new ArrayBuffer(2),
  "a Date": () => new Date(0),
  "a Date that is none": () => new Date(NaN),
  "a RegExp": () => /x/g,
  "an Error": () => new RangeError("lent"),
  "an Error without a message to read": () => withGetter("message", new Error()),
  "text": () => "text",
  "empty text": () => "",
  "a number": () => 42,
  "NaN": () => NaN,
  "-0": () => -0,
  "a bigint": () => 42n,
  "true": () => true,
  "false": () => false,
  "a symbol": () => Symbol("lent"),
  "a symbol without description": () => Symbol(),
  "an object whose toString fails": () => ({ toString: fail }),
  "an object whose toString gives an object": () => ({ toString: () => ({}), valueOf: () => ({}) }),
  "an object whose Symbol.toPrimitive fails": () => ({ [Symbol.toPrimitive]: fail }),
  "an object whose toJSON fails": () => ({ toJSON: fail }),
  "an object whose toJSON gives nothing": () => ({ toJSON: () => undefined }),
  "an object whose Symbol.toStringTag fails": () => withGetter(Symbol.toStringTag),
  "an object whose constructor fails": () => withGetter("constructor"),
  "an object whose constructor is null": () => ({ constructor: null }),
  "an object whose constructor's name is a symbol": () => ({ constructor: named(Symbol("no")) }),
  "an object that says it is a Pool": () => ({ constructor: { name: "Pool" }, bare: fail, end: 1 }),
  "an object in a circle": () => {
    const circle: { self?: unknown } = {};
    return circle.self = circle;
  },
  "an object with a then that is no function": () => ({ then: { then: 1 } }),
  "an object with its own disposal": () => ({
    [Symbol.dispose]: fail,
    [Symbol.asyncDispose]: fail,
  }),
  "an object whose disposal fails to be read": () =>
    withGetter(Symbol.dispose, withGetter(Symbol.asyncDispose)),
};

const LATER: Hostile[] = [
  ...[{}, [1], () => 1].map((target) => ({
    what: `a proxy of ${
      typeof target === "function" ? "a function" : JSON.stringify(target)
    } that is revoked`,
    make: () => revocable(target),
    later: revoke,
  })),
  {
    what: "an object that becomes a thenable",
    make: () => ({}),
    later: (object) => void Object.assign(object as object, { then: fail }),
  },
  {
    what: "an object whose then fails to be read",
    make: () => ({}),
    later: (object) => void withGetter("then", object as object),
  },
  {
    what: "an object that is frozen",
    make: () => ({ a: 1 }),
    later: (object) => void Object.freeze(object),
  },
];

export const HOSTILE: Hostile[] = [
  ...Object.entries(OBJECTS).map(([what, make]) => ({ what, make })),
  ...LATER,
];

// Stand-in for @std/testing/bdd on Node and Bun, over node:test: the part that means the same everywhere.

import {
  after,
  afterEach as each,
  before,
  beforeEach,
  describe as suite,
  it as test,
} from "node:test";

type Body = () => void | Promise<void>;

/** Long enough for any test here on a slow machine; a test that hangs then fails by its name. */
const TIMEOUT = 30_000;

/** How many describes deep the running body is. */
let depth = 0;
/** How many tests are running. */
let running = 0;

function refuseLate(name: string): void {
  if (running > 0) throw new Error(`${name}: comes too late, tests are running already`);
}

/** A group of tests, nested at will; not asynchronous. */
export function describe(name: string, fn: () => void | undefined): void {
  refuseLate(name);
  suite(name, () => {
    depth++;
    try {
      if (fn() as unknown) throw new Error(`${name}: its body returned something, it must not`);
    } finally {
      depth--;
    }
  });
}

/** One test. */
export function it(name: string, fn: Body): void {
  refuseLate(name);
  test(name, { timeout: TIMEOUT }, async () => {
    running++;
    try {
      await fn();
    } finally {
      running--;
    }
  });
}

/** Registers a test that is reported as skipped. */
it.skip = (name: string, _fn: Body): void => {
  refuseLate(name);
  test.skip(name, () => {});
};

/** Another name of `it.skip`. */
it.ignore = it.skip;

/** Wraps a hook of node:test: hooks here take no arguments, and what they return is only awaited. */
function hook(register: (fn: () => Promise<void>) => void): (fn: Body) => void {
  return (fn) => {
    if (depth === 0) throw new Error("A hook stands outside of a describe: put it into one");
    register(async () => {
      await fn();
    });
  };
}

const beforeEachTest: (fn: Body) => void = hook(beforeEach);
const afterEachTest: (fn: Body) => void = hook(each);
const beforeAll: (fn: Body) => void = hook(before);
const afterAll: (fn: Body) => void = hook(after);

export { afterAll, afterEachTest as afterEach, beforeAll, beforeEachTest as beforeEach };

// Stand-in for @std/testing/bdd on Deno, over Deno.test: its node:test keeps quiet about errors that
// nobody caught in timers and at top level.

type Body = () => void | Promise<void>;

const TIMEOUT = 30_000;
// The real ones, whatever a test fakes.
const { setTimeout, clearTimeout } = globalThis;

class Suite {
  readonly beforeAll: Body[] = [];
  readonly beforeEach: Body[] = [];
  readonly afterEach: Body[] = [];
  readonly afterAll: Body[] = [];
  readonly #steps: ((t: Deno.TestContext) => Promise<boolean>)[] = [];
  readonly #parent: Suite | undefined;

  constructor(parent?: Suite) {
    this.#parent = parent;
  }

  add(name: string, ignore: boolean, fn: (t: Deno.TestContext) => unknown): void {
    this.#steps.push((t) =>
      t.step({
        name,
        ignore,
        fn: async (t) => {
          await fn(t);
        },
      })
    );
  }

  async run(t: Deno.TestContext): Promise<void> {
    await all(this.beforeAll);
    try {
      for (const step of this.#steps) await step(t);
    } finally {
      await all(this.afterAll);
    }
  }

  /** Runs `fn` within the hooks of this suite, and these within those of the suites around it. */
  around(fn: Body): Promise<void> {
    const within = async () => {
      try {
        await all(this.beforeEach);
        await fn();
      } finally {
        await all(this.afterEach);
      }
    };
    return this.#parent ? this.#parent.around(within) : within();
  }
}

async function all(hooks: Body[]): Promise<void> {
  for (const hook of hooks) await hook();
}

/** The suite whose body is running. */
let current: Suite | undefined;

/** A group of tests, nested at will. */
export function describe(name: string, fn: () => void): void {
  const outer = current;
  const suite = current = new Suite(outer);
  try {
    fn();
  } finally {
    current = outer;
  }
  if (outer) outer.add(name, false, (t) => suite.run(t));
  else Deno.test(name, (t) => suite.run(t));
}

/** One test. */
export function it(name: string, fn: Body): void {
  const suite = current;
  if (suite) suite.add(name, false, () => bounded(() => suite.around(fn)));
  else Deno.test(name, () => bounded(fn));
}

/** Registers a test that is reported as skipped. */
it.skip = (name: string, _fn: Body): void => {
  if (current) current.add(name, true, () => {});
  else Deno.test.ignore(name, () => {});
};

/** Another name of `it.skip`. */
it.ignore = it.skip;

/** A test that hangs fails by its name. */
async function bounded(fn: Body): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`test timed out after ${TIMEOUT} ms`)), TIMEOUT);
  });
  try {
    await Promise.race([fn(), late]);
  } finally {
    clearTimeout(timer);
  }
}

function hook(kind: "beforeAll" | "beforeEach" | "afterEach" | "afterAll"): (fn: Body) => void {
  return (fn) => {
    if (!current) throw new Error(`${kind} stands outside of a describe: put it into one`);
    current[kind].push(fn);
  };
}

export const beforeAll: (fn: Body) => void = hook("beforeAll");
export const beforeEach: (fn: Body) => void = hook("beforeEach");
export const afterEach: (fn: Body) => void = hook("afterEach");
export const afterAll: (fn: Body) => void = hook("afterAll");

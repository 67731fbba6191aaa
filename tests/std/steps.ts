// What the stand-ins for @std/testing/bdd share that run their suites themselves, step by step.

type Body = () => void | Promise<void>;

/** A test, or a suite whose tests are its steps. */
export interface Step {
  name: string;
  ignore: boolean;
  fn(t: Steps): Promise<void>;
}

/** Runs a step within the one that is running; what it resolves to says whether that went well. */
export interface Steps {
  step(step: Step): Promise<boolean>;
}

const TIMEOUT = 30_000;
// The real ones, whatever a test fakes.
const { setTimeout, clearTimeout } = globalThis;

class Suite {
  readonly beforeAll: Body[] = [];
  readonly beforeEach: Body[] = [];
  readonly afterEach: Body[] = [];
  readonly afterAll: Body[] = [];
  readonly #steps: Step[] = [];
  readonly #parent: Suite | undefined;

  constructor(parent?: Suite) {
    this.#parent = parent;
  }

  add(step: Step): void {
    this.#steps.push(step);
  }

  async run(t: Steps): Promise<void> {
    await all(this.beforeAll);
    try {
      for (const step of this.#steps) await t.step(step);
    } finally {
      await all(this.afterAll);
    }
  }

  /** Runs `fn` within the hooks of this suite, and these within those of the suites around it. */
  around(fn: Body): Promise<void> {
    const within = async () => {
      await all(this.beforeEach);
      try {
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

/** The names of @std/testing/bdd. */
export interface Bdd {
  /** A group of tests, nested at will; not asynchronous. */
  describe(name: string, fn: () => void | undefined): void;
  /** One test; `skip`, also called `ignore`, registers one that is reported as skipped. */
  it: ((name: string, fn: Body) => void) & Record<"skip" | "ignore", (n: string, fn: Body) => void>;
  beforeAll(fn: Body): void;
  beforeEach(fn: Body): void;
  afterEach(fn: Body): void;
  afterAll(fn: Body): void;
}

/** Makes them, and hands every outermost suite or test to `register`. */
export function bdd(register: (step: Step) => void): Bdd {
  /** The suite whose body is running. */
  let current: Suite | undefined;
  /** How many tests and suites are. */
  let running = 0;

  const add = (name: string, ignore: boolean, run: (t: Steps) => Promise<void>) => {
    const fn = async (t: Steps) => {
      running++;
      try {
        await run(t);
      } finally {
        running--;
      }
    };
    if (running > 0) throw new Error(`${name}: comes too late, tests are running already`);
    if (current) current.add({ name, ignore, fn });
    else register({ name, ignore, fn });
  };

  const skip = (name: string) => add(name, true, () => Promise.resolve());

  const hook = (kind: "beforeAll" | "beforeEach" | "afterEach" | "afterAll") => (fn: Body) => {
    if (!current) throw new Error(`${kind} stands outside of a describe: put it into one`);
    current[kind].push(fn);
  };

  return {
    describe(name, fn) {
      const outer = current;
      const suite = current = new Suite(outer);
      try {
        if (fn() as unknown) throw new Error(`${name}: its body returned something, it must not`);
      } finally {
        current = outer;
      }
      add(name, false, (t) => suite.run(t));
    },
    it: Object.assign(
      (name: string, fn: Body) => {
        const suite = current;
        add(name, false, () => bounded(() => suite ? suite.around(fn) : fn()));
      },
      { skip, ignore: skip },
    ),
    beforeAll: hook("beforeAll"),
    beforeEach: hook("beforeEach"),
    afterEach: hook("afterEach"),
    afterAll: hook("afterAll"),
  };
}

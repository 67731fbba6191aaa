// Runs one script of steps on a pool and on the facade in its shape, which must tell the same.

import { assert, assertEquals } from "@std/assert";
import { idle } from "../../helpers/pool.ts";

/** Takes down what a step has come to. */
export type Say = (...what: unknown[]) => void;

/** Runs the steps on the peer, then on ours. */
export function beside<M>(name: string, theirs: unknown, ours: M) {
  return (what: string, steps: (module: M, say: Say) => Promise<unknown>): void =>
    Deno.test({
      name: `${name} and its facade: ${what}`,
      sanitizeOps: false, // the peers' timers go on, if nothing else
      sanitizeResources: false,
      async fn() {
        const [expected, told] = [await run(theirs as M, steps), await run(ours, steps)];
        assert(expected.length > 0, "nothing was said");
        assertEquals(told, expected);
      },
    });
}

export async function run<M>(module: M, steps: (module: M, say: Say) => Promise<unknown>) {
  const told: unknown[][] = [];
  await steps(module, (...what) => void told.push(structuredClone(what))); // as it is now
  return told;
}

/** What has become of a promise by now: a thing, or the kind of an error. */
export async function outcome(promise: Promise<unknown>): Promise<string> {
  let state = "pending";
  promise.then((value) => state = shown(value), (error) => state = kindOf(error));
  await idle();
  return state;
}

export function shown(value: unknown): string {
  return value instanceof Thing ? `#${value.id}` : String(value);
}

/** Ours have classes of their own, which are Errors all the same. */
export function kindOf(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${error}`;
  return error.constructor.name === "TimeoutError" ? "TimeoutError" : "Error";
}

export const errorOf = (call: () => unknown): string => {
  try {
    call();
    return "no error";
  } catch (error) {
    return error instanceof Error ? "an error" : `thrown: ${error}`;
  }
};

export class Thing {
  readonly id: number;
  good = true;

  constructor(id: number) {
    this.id = id;
  }
}

/** Makes things, and remembers which were destroyed. */
export class Shop {
  made = 0;
  readonly destroyed: number[] = [];
  readonly validated: number[] = [];

  readonly create = () => Promise.resolve(new Thing(this.made++));
  readonly destroy = (thing: Thing) => {
    this.destroyed.push(thing.id);
    return Promise.resolve();
  };
  readonly validate = (thing: Thing) => {
    this.validated.push(thing.id);
    return thing.good;
  };
}

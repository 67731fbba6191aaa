// Arguments: what a method bound by `forward.ts` hands on, beside rest parameters.

import { direct, measure } from "./measure.ts";
import type { Row } from "./row.ts";

// deno-lint-ignore ban-types
type Bind = (method: Function) => unknown;

class Adder {
  #sum = 0;

  add(a: number, b: number): number {
    return this.#sum += a + b;
  }
}

const adder = new Adder();
const handler = { bare: () => adder };

const byArguments: Bind = (method) =>
  function () {
    const bare = handler.bare();
    const result = Reflect.apply(method, bare, arguments);
    return result === bare ? undefined : result;
  };

const byRest: Bind = (method) => (...args: unknown[]) => {
  const bare = handler.bare();
  const result = Reflect.apply(method, bare, args);
  return result === bare ? undefined : result;
};

function standIn(bind: Bind): Adder {
  return new Proxy(adder, { get: () => bind(handler.bare().add) });
}

/** A call with two arguments. */
export async function handingOn(): Promise<Row> {
  const [ours, other] = [standIn(byArguments), standIn(byRest)];
  const values = await measure([
    direct("limit", () => other.add(1, 2)),
    direct("ours", () => ours.add(1, 2)),
  ], { samples: 200, span: 3 });
  return { work: "arguments; limit: rest parameters", unit: "ns", values };
}

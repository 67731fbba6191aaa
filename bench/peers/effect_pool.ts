// Effect's Pool, in code of promises: each turn is an effect that is made before, and run by `runPromise`.

import { Effect, Exit, Pool, Scope } from "effect";
import { type Competitor, OBJECTS, TIMEOUT, warmedUp } from "../competitor.ts";
import { Thing } from "../thing.ts";

export async function effectPool(): Promise<Competitor> {
  const forever = Effect.runSync(Scope.make());
  const making = Pool.make({ acquire: Effect.sync(() => new Thing()), size: OBJECTS });
  const pool = await Effect.runPromise(Scope.provide(making, forever));
  const get = Effect.timeout(Pool.get(pool), TIMEOUT);
  const turn = Effect.scoped(
    Effect.flatMap(get, (thing) => Effect.sync(() => thing.touch())),
  );
  const using = Effect.timeout(
    Pool.use(pool, (thing) => Effect.sync(() => thing.touch())),
    TIMEOUT,
  );
  const slow = Effect.scoped(Effect.flatMap(get, (thing) =>
    Effect.promise(async () => {
      await null;
      thing.touch();
    })));
  const scopes = new Map<Thing, Scope.Closeable>();
  return warmedUp({
    async get() {
      const scope = Effect.runSync(Scope.make());
      const thing = await Effect.runPromise(Scope.provide(get, scope));
      scopes.set(thing, scope);
      return thing;
    },
    ret: (thing) => Effect.runPromise(Scope.close(scopes.get(thing)!, Exit.void)),
    async turns(times) {
      for (; times > 0; times--) await Effect.runPromise(turn);
    },
    async uses(times) {
      for (; times > 0; times--) await Effect.runPromise(using);
    },
    async task() {
      for (let turn = 0; turn < 2; turn++) await Effect.runPromise(slow);
    },
  });
}

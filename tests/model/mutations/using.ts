// Ways to break `use`, and what takes objects away from it.

import type { ByFile } from "./row.ts";

export const USING: ByFile = {
  "pool/use.ts": [
    [
      "use does not give back",
      "const returned = release(pool, usage);\n  return returned === DONE",
      "const returned = DONE as Promise<void>;\n  return returned === DONE",
    ],
    [
      "use does not wait for retter",
      "return returned === DONE ? value : returned.then(() => value);",
      "return value;",
    ],
    [
      "a use that fails does not wait for retter",
      'if (returned === DONE || usage.ended && usage.end !== "returned") return',
      "if (returned) return",
    ],
    [
      "a use that was aborted on its way keeps its object",
      "void release(pool, usage); // nobody has touched it",
      "",
    ],
    [
      "a callback is called whose caller has gone",
      "if (signal?.aborted) {",
      "if (signal?.aborted && end !== undefined) {",
    ],
    [
      "use does not listen to its signal",
      "if (signal !== undefined) usage.listen(signal);",
      "",
    ],
    ["use goes on listening", "  usage.unlisten();\n  usage.over();", "  usage.over();"],
    [
      "what an aborted use held is lent again",
      "  usage.fail(stopped.reason);\n",
      "",
    ],
    [
      "an aborted use keeps its object",
      "if (usage.end === undefined) void release(usage.pool, usage);\n  return true;",
      "return true;",
    ],
    [
      "a callback that aborts before it gives a promise is waited for",
      "if (usage.stopped !== undefined) usage.leave();",
      "if (usage === null) usage;",
    ],
    ["what fails is lent again", "  usage.fail(error);\n", ""],
    [
      "what the callback has given back is given back again",
      "if (usage.end !== undefined) return value;",
      "",
    ],
  ],
  "pool/usage.ts": [
    [
      "use does not reject at once",
      "if (this.resolve !== undefined) this.leave();",
      "",
    ],
    [
      "a callback that hangs keeps its object",
      "if (end === undefined) this.control!.cancel ??= after(abortGrace, true, () => this.close());",
      "void [end, abortGrace, after];",
    ],
    [
      "a callback that hangs keeps an object that has died",
      "if (this.resolve !== undefined) this.limit();",
      "",
    ],
    [
      "a callback that hangs is waited for once its dead object is closed",
      "if (stopped === undefined) this.stop(this.control!.aborted!.reason);",
      "",
    ],
    [
      "abortGrace does not end with the callback",
      "override over(): void {\n    this.control?.cancel?.();",
      "override over(): void {",
    ],
    [
      "a callback that hangs gives its object to the next",
      'evictUsing(pool, entry, entry.invalid ? "invalidated" : "discarded");',
      "pool.dispatch(entry);",
    ],
    [
      "use is not rejected when its object is killed",
      'if (end !== "invalidated") return this.stop(takenAway(name, end));',
      'if (end !== "invalidated") return this.tell(takenAway(name, end));',
    ],
    [
      "use rejects when its object is invalidated",
      'if (end !== "invalidated") return this.stop(takenAway(name, end));',
      "if (end) return this.stop(takenAway(name, end));",
    ],
    [
      "a callback is not told that its object has died",
      "this.tell(invalidatedError(name, why));",
      "",
    ],
    [
      "a callback is not told that its caller has gone",
      "    this.unlisten();\n    this.tell(reason);",
      "    this.unlisten();",
    ],
    [
      "a signal that is read late knows nothing",
      "if (control.aborted !== undefined) control.aborting.abort(control.aborted.reason);",
      "",
    ],
    [
      "a stopped use goes on listening",
      "    control.stopped ??= { reason };\n    this.unlisten();",
      "    control.stopped ??= { reason };",
    ],
  ],
  "pool/turns.ts": [
    ["all is done at once", "const TURN = 1_000;", "const TURN = 1_000_000;"],
    [
      "reset does not wait for closers",
      "pending.push(result);",
      "void result;",
    ],
    ["nothing is done later", "pending.push(later.then(() => inTurns(all, fn)));", "void later;"],
  ],
  "pool/evict.ts": [
    [
      "a killed lease stays alive",
      "if (entry.borrowed) endLoan(pool, entry, lending, end);",
      "",
    ],
    [
      "a use is not told that its object is killed",
      "lending?.interrupt(end); // before its place is reused",
      "",
    ],
    [
      "a use hears of it when its object is another's",
      '  lending?.interrupt(end); // before its place is reused\n  evictUsing(pool, entry, "killed");',
      '  evictUsing(pool, entry, "killed");\n  lending?.interrupt(end);',
    ],
    [
      "observers do not hear of a kill of what was lost",
      "if (entry.borrowed) endLoan(pool, entry, lending, end);",
      "if (lending !== undefined) endLoan(pool, entry, lending, end);",
    ],
    [
      "closer is skipped",
      "if (settings.closer === undefined) gone(pool, entry, why);",
      "if (entry) gone(pool, entry, why);",
    ],
    [
      "closer is called twice",
      "    awaitClosing(pool, closing);\n",
      '    awaitClosing(pool, closing);\n    void hooks.close(entry.object, why, () => "");\n',
    ],
    [
      "closer is not waited for",
      "      closings.delete(closing);\n      gone(pool, entry, why);\n    });\n",
      "      closings.delete(closing);\n    });\n    gone(pool, entry, why);\n",
    ],
    [
      "minSize is not kept up while an object is being closed",
      "pool.dispatch(); // there may be room for another",
      "",
    ],
    ["a closed object's place is given to nobody", "  }\n  vacated(pool);\n}", "  }\n}"],
    [
      "a detached object's place is given to nobody",
      "  entry.permit?.release();\n  vacated(pool);",
      "  entry.permit?.release();",
    ],
    [
      "a shutdown does not end",
      "if (pool.ending !== undefined && !pool.ending.draining) pool.ending.resolve();",
      "",
    ],
    [
      "a drain is over before who waits is served",
      "if (pool.ending !== undefined && !pool.ending.draining) pool.ending.resolve();",
      "if (pool.ending !== undefined) pool.ending.resolve();",
    ],
    [
      "rounds go on when there is nothing left",
      "    pool.rounds.stop();\n",
      "",
    ],
    [
      "what a round looks at is kept though it has died",
      'entry.checking && (why === "expired" || why === "recycled");',
      "entry.checking;",
    ],
    [
      "a hook goes on when its object is killed",
      "entry.giveUp?.(new PoolError(`the object is being closed: ${why}`));",
      "",
    ],
    [
      "a closer that begins later does not hear of a forced shutdown",
      "if (ending?.forced !== undefined) closing.abort(ending.forced);",
      "",
    ],
    [
      "a closer that begins later is awaited",
      "if (ending?.abandoned !== undefined) closing.giveUp?.(ending.abandoned);",
      "",
    ],
    [
      "a closer that asks for an object gets one that goes next",
      "  startClosing(pool, entry, why);\n  pool.condemned.set(entry, why);\n",
      "  void evict(pool, entry, why);\n",
    ],
    [
      "an available object that has died is kept",
      'if (evictIdle(pool, entry, "invalidated") === undefined) {',
      "{",
    ],
    [
      "an object that has died in use is lent again",
      "  pool.careful = true;\n  if (evictIdle",
      "  if (evictIdle",
    ],
    [
      "what has died in use is not told to its borrower",
      'entry.lending?.interrupt("invalidated", why);',
      "",
    ],
    [
      "what is closed is counted as something else",
      "const total = COUNTED[why];",
      'const total = COUNTED[why] && "recycled";',
    ],
    [
      "closer is told another reason",
      "const closing = hooks.close(entry.object, why,",
      'const closing = hooks.close(entry.object, "shutdown",',
    ],
    [
      "closers at work do not hear of a forced shutdown",
      "if (closings.has(closing)) closing.abort(error);",
      "void [closing, error];",
    ],
    [
      "a forced shutdown waits for closers",
      "    closing.giveUp?.(error);\n",
      "",
    ],
    [
      "observers do not hear of returns",
      "  if (!pool.observed) return;\n  const { clock, hooks, observers } = pool;",
      "  if (pool) return;\n  const { clock, hooks, observers } = pool;",
    ],
    [
      "observers hear of a kill as something else",
      '"revoked by shutdown": "killed",',
      '"revoked by shutdown": "returned",',
    ],
    [
      "a returned lease is watched on",
      "if (entry.noticed) pool.leaks.forget(entry);",
      "",
    ],
  ],
};

// Ways to break what makes objects, looks after them, and what their owner does to all of them.

import type { ByFile } from "./row.ts";

export const MAKING: ByFile = {
  "pool/create.ts": [
    ["all attempts begin at once", "if (++begun === TURN) pause(pool);", ""],
    [
      "what comes too late is forgotten",
      "if (attempt.over) return late(pool, object);",
      "if (attempt.over) return;",
    ],
    ["a creation's timer is forgotten", "  attempt.timer.stop();\n", ""],
    ["fun is not told to stop", "  abort(attempt, error); // before its place is reused\n", ""],
    [
      "the object of a failed opener is forgotten",
      "  } catch (error) {\n    end(pool, attempt, { error, leftover: attempt.object });",
      "  } catch (error) {\n    end(pool, attempt, { error, leftover: undefined });",
    ],
    ["opener is not waited for", "await opener?.(object);", "void opener?.(object);"],
    [
      "what is given up hears of it when its place is another's",
      "  abort(attempt, error); // before its place is reused\n" +
      "  end(pool, attempt, { error, leftover: attempt.object });\n",
      "  end(pool, attempt, { error, leftover: attempt.object });\n  abort(attempt, error);\n",
    ],
    ["createTimeout is not kept", "if (createTimeout > 0)", "if (createTimeout < 0)"],
    [
      "what is missing for minSize is made besides what is waited for",
      "return Math.max(wanted, refill, spare);",
      "return Math.max(wanted + Math.max(refill, 0), spare);",
    ],
    [
      "an object is made for whom a hook looks at one",
      "const wanted = queue.size - pool.coming;",
      "const wanted = queue.size;",
    ],
    [
      "minSize is not kept up",
      "return Math.max(wanted, refill, spare);",
      "return Math.max(wanted, 0 * refill, spare);",
    ],
    [
      "minSize is kept up while who waits is drained",
      "if (ending !== undefined || createBackoff === 0",
      "if (createBackoff === 0",
    ],
    [
      "a failure to make an object is told nobody",
      'if (waiter.turn <= turn) refuse(pool, waiter, error, "failed");',
      "void waiter;",
    ],
    [
      "a failure is told who came later, too",
      "if (oldest === undefined || oldest.turn > turn) return expecting.length > 0;\n  for (const waiter of all ? pool.queue.all() : [oldest]) {\n    if (waiter.turn <= turn) refuse",
      "if (oldest === undefined) return expecting.length > 0;\n  for (const waiter of all ? pool.queue.all() : [oldest]) {\n    refuse",
    ],
    [
      "a failure is told the first in the queue, not the oldest",
      "const { oldest } = pool.queue;",
      "const oldest = pool.queue.next;",
    ],
    [
      "a failed creation's place is given to nobody",
      "if (entry === undefined) vacated(pool);\n  else",
      "if (entry !== undefined)",
    ],
    [
      "the leftover of a failed opener is dropped",
      'else if (entry.live) void evict(pool, entry, "leftover");',
      "",
    ],
    [
      "ready resolves before the objects are made",
      "return bag.live >= settings.minSize;",
      "return bag.size + 1 >= settings.minSize;",
    ],
    [
      "ready is not told when minSize is reached",
      "  recount(pool);\n  if (pool.bag.ageing",
      "  if (pool.bag.ageing",
    ],
    [
      "ready is not told of a failure",
      "for (const { reject } of expecting) reject(error);",
      "pool.expecting.push(...expecting);",
    ],
    [
      "a refill does not rest",
      "    rest.start(refillBackoff(++pool.failures, Math.random()), expecting.length > 0);\n",
      "",
    ],
    [
      "an attempt's number is used twice",
      "new Attempt<T>(pool.made++, pool.epoch, begun, queue.turn",
      "new Attempt<T>(pool.made, pool.epoch, begun, queue.turn",
    ],
    [
      "observers hear of an object that is not there yet",
      "    const entry = admit(pool, attempt, outcome.object);\n    endOutage(pool);\n    tellCreated(pool, attempt, {});\n",
      "    tellCreated(pool, attempt, {});\n    const entry = admit(pool, attempt, outcome.object);\n    endOutage(pool);\n",
    ],
    [
      "observers do not hear of a failure to make one",
      "    tellCreated(pool, attempt, { error });\n",
      "",
    ],
    [
      "what dies while it is made is made all the same",
      "    checkValid(pool, attempt);\n    end(",
      "    end(",
    ],
    [
      "opener is called for what has died",
      "    checkValid(pool, attempt);\n    await",
      "    await",
    ],
    [
      "fun's invalidate does nothing once the object is there",
      "if (attempt.entry !== undefined) invalidate(pool, attempt.entry, why);",
      "if (attempt.entry !== undefined) return;",
    ],
    [
      "what opener has cannot be invalidated",
      "  if (attempt !== undefined) invalidateMade(pool, attempt, why);\n",
      "",
    ],
    ["what was made during a reset counts", "else stillborn(pool, attempt);", ""],
    ["a reset in fun keeps the process busy", "  pool.pausing = true;\n", ""],
    ["a reset in fun stops everything", "    pool.pausing = false;\n    pool.dispatch();", ""],
    ["obsolete objects are told nobody", "  tell(pool, attempt, stillbornError(pool));\n", ""],
    ["two obsolete objects are enough", "const STILLBORN = 3;", "const STILLBORN = 2;"],
    [
      "obsolete objects count that are not in a row",
      "if (attempt.epoch === pool.epoch) pool.stillborn = 0;\n  else",
      "if (attempt.epoch !== pool.epoch)",
    ],
  ],
  "pool/hooks.ts": [
    [
      "a hook's timer is forgotten",
      "const done = () => {\n      cancel?.();",
      "const done = () => {",
    ],
    [
      "a hook that fails later is fine",
      "if (entry.live) this.#failed(name, () => this.label(entry), error);\n      throw error;",
      "if (entry.live) this.#failed(name, () => this.label(entry), error);",
    ],
    ["hooks may hang", "delay: this.#settings.hookTimeout };", "delay: 0 };"],
    ["a closer may hang", "delay: this.#settings.closeTimeout };", "delay: 0 };"],
    ["discardOnError is not asked", "return Boolean(decision);", "return false;"],
    [
      "a discardOnError that fails keeps the object",
      'this.#decides("discardOnError", error, true);',
      'this.#decides("discardOnError", error, false);',
    ],
    [
      "closer is not told that it takes too long",
      "closing.abort(error); // at closeTimeout: the closer must stop waiting",
      "",
    ],
    [
      "a closer that reads its signal late is told nothing",
      "if (this.#aborted !== undefined) this.#aborting.abort(this.#aborted.reason);",
      "",
    ],
  ],
  "pool/rounds.ts": [
    [
      "rounds end while the first object is made",
      "if (pool.present > 0) planRound(pool);",
      "if (pool.bag.size > 0) planRound(pool);",
    ],
    [
      "no round follows the first",
      "if (pool.present > 0) planRound(pool);",
      "if (pool.present < 0) planRound(pool);",
    ],
    [
      "an object that was taken is closed again after its health was asked",
      'if (entry.state !== "available") return; // a shutdown has taken it',
      "",
    ],
    [
      "who waits is not served after a good health",
      "due by now\n  pool.dispatch();",
      "due meanwhile",
    ],
    [
      "what turned out not to be good is kept",
      'obsolete(pool, entry, pool.clock.now()) : "unhealthy";',
      "obsolete(pool, entry, pool.clock.now()) : undefined;",
    ],
    [
      "what died while a round looked at it is kept",
      "const fault = good ? obsolete(pool, entry, pool.clock.now())",
      "const fault = good ? undefined",
    ],
    [
      "somebody else is killed whom a tracer has lent the object",
      "entry.uses === uses && (entry.list",
      "(entry.list",
    ],
    [
      "nothing is said of what is held for long",
      "for (const entry of warn) warnOf",
      "for (const entry of []) warnOf",
    ],
    [
      "what is held for long is said each time",
      "  bag.warned(entry);\n",
      "",
    ],
  ],
  "pool/manage.ts": [
    [
      "available objects survive a reset",
      'return evictAll(pools, "reset").then(() => {});',
      "void evictAll; return Promise.resolve();",
    ],
    [
      "resize makes nothing for those who wait",
      "if (pool.started !== undefined) pool.dispatch();",
      "",
    ],
    [
      "resize leaves available objects over maxSize",
      'void evictBatch(surplus.map((entry) => condemn(pool, entry, "resized")));',
      "void surplus;",
    ],
    [
      "resize closes all",
      "[...pool.bag.idle].slice(0, pool.surplus)",
      "[...pool.bag.idle]",
    ],
    ["resize does not tell ready", "  recount(pool);\n", ""],
    [
      "objects in use survive a resize",
      "  pool.careful = true;\n  const surplus = ",
      "  const surplus = ",
    ],
    [
      "objects in use survive a reset without limits",
      "    pool.epoch++;\n    pool.careful = true;",
      "    pool.epoch++;",
    ],
    [
      "a second shutdown cannot shorten the first",
      "if (busy && timeout > 0",
      "if (busy && force.at === Infinity && timeout > 0",
    ],
    [
      "a longer timeout prolongs a shutdown",
      "timeout > 0 && clock.awake() + timeout < force.at)",
      "timeout > 0)",
    ],
    [
      "a shutdown's timer is forgotten",
      "for (const timer of [report, force, rounds, shed, slow, still, wake]) timer.stop();",
      "rounds.stop();",
    ],
    [
      "shutdown fails nobody who waits",
      '  if (queue.size > 0) refuseAll(pool, closedError(pool, true), "closed");\n',
      "",
    ],
    ["drain fails who waits", "draining = drain && queue.size > 0;", "draining = false;"],
    ["drain is for ever", "draining = drain && queue.size > 0;", "draining = drain;"],
    ["who waits is never drained", "  if (draining) drained(pool);\n", ""],
    [
      "ready waits for ever after a shutdown",
      "for (const { reject } of expecting.splice(0)) reject(error);",
      "",
    ],
    ["shutdown leaves what is available", '  void evictAll(pools, "shutdown");\n', ""],
    [
      "shutdown does not stop creations",
      "for (const attempt of attempts) abort(attempt, error);",
      "",
    ],
    [
      "shutdown does not wait for what is lent",
      "if (pool.size === 0) pool.ending!.resolve();",
      "if (pool.bag.idle.size === 0) pool.ending!.resolve();",
    ],
    [
      "a refill's timer is forgotten",
      "  rest.stop();\n",
      "",
    ],
    [
      "a forced shutdown waits for creations",
      "(attempt) => abandon(pool, attempt, error)",
      "() => {}",
    ],
    [
      "a forced shutdown leaves what is lent",
      'kill(pool, entry, "revoked by shutdown")',
      "{}",
    ],
    [
      "a forced shutdown gives up closers at once",
      "const cancel = after(GRACE, true,",
      "const cancel = after(0 * GRACE, true,",
    ],
    [
      "a forced shutdown leaves its timer",
      "void promise.then(cancel);",
      "void cancel;",
    ],
  ],
  "pool/clock.ts": [
    [
      "timers that fire early put the clock forward",
      "if (behind <= EARLY) return;",
      "",
    ],
    ["a machine's sleep does not count", "this.#slept += offset - this.#offset;", ""],
    [
      "a clock that is set back goes back",
      "if (offset < this.#offset || dateNow !== this.#dateNow) this.#offset = offset;",
      "if (offset < this.#offset) this.#slept += offset - this.#offset;",
    ],
    [
      "a wall clock that a test fakes is a machine's sleep",
      "if (offset < this.#offset || dateNow !== this.#dateNow) this.#offset = offset;",
      "if (offset < this.#offset) this.#offset = offset;",
    ],
    [
      "a clock that a test fakes jumps",
      "if (performance.now !== this.#now) this.#change(performance);",
      "if (this.#now === undefined) this.#change(performance);",
    ],
    [
      "a timer that could not be cleared fires",
      "if (timeout !== this.#timeout) return; // an old",
      "// whatever",
    ],
    [
      "a timer that fakes leave behind is lost",
      "if (timeout.faked) this.#look(timeout, FIRST_LOOK);",
      "",
    ],
    [
      "a timer does not go over to fakes",
      "if (this.#timeout === undefined || this.#timeout.inForce) return;",
      "return;",
    ],
  ],
};

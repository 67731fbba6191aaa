// Ways to break the library, each a replacement of a text that occurs once in its file. The tests, the
// model first of all, are to notice every one of them: `deno task test:mutants`.

/** One text of one file is replaced. */
export interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
}

type Row = [name: string, from: string, to: string];

const BY_FILE: Record<string, Row[]> = {
  "pool/keeper.ts": [
    [
      "what comes back is not handed to who waits",
      "else if (!this.#desk.offer(entry)) bag.store(entry);",
      "else bag.store(entry);",
    ],
    [
      "a closed object's place is given to nobody",
      "    }\n    this.serve();\n  }\n\n  ready()",
      "    }\n  }\n\n  ready()",
    ],
    [
      "minSize is not kept up while an object is being closed",
      "closing(): void {\n    this.serve();",
      "closing(): void {",
    ],
    ["retter is skipped", "if (settings.retter === undefined) {", "if (entry.uses > 0) {"],
    [
      "retter fails later, and the object is kept",
      "const then = [() => this.#readmit(entry), () => this.dismiss(entry)]",
      "const then = [() => this.#readmit(entry), () => this.#readmit(entry)]",
    ],
    [
      "retter fails at once, and the object is forgotten",
      "this.#readmit(entry);\n    } catch {\n      this.dismiss(entry);",
      "this.#readmit(entry);\n    } catch {\n      //",
    ],
    [
      "an object whose health is being asked is lent",
      "while (entry?.checking) entry = entry.prev as Entry<T> | undefined;",
      "",
    ],
    [
      "limits are not looked at before lending",
      "const fault = stale(entry, settings, bag.live, now);",
      "const fault = stale(entry, settings, 0, -1);",
    ],
    [
      "health is not asked before lending",
      "if (!this.#health.doubtful(entry, this.#now)) return",
      "if (entry) return",
    ],
    ["getter is not called after health", '.then(() => hooks.run("getter", entry)));', ");"],
    [
      "tryGet lends what is doubtful",
      "sure && this.#health.doubtful(entry, now)",
      "!sure && this.#health.doubtful(entry, now)",
    ],
    [
      "an asynchronous getter of tryGet is not waited for",
      "if (!isThenable(greeting) && !this.ended) return this.lease(entry);",
      "if (entry) return this.lease(entry);",
    ],
    [
      "what tryGet greeted in vain is forgotten",
      "if (isThenable(check)) void outside(() => check.then(...then));",
      "if (isThenable(check)) void then;",
    ],
    [
      "objects in use survive a reset",
      'if (entry.epoch !== this.#supply.epoch) return "reset";',
      "",
    ],
    ["available objects survive a reset", 'this.#exit.clear("reset");', ""],
    ["resize leaves objects that are over maxSize", 'if (this.#oversize) return "resize";', ""],
    ["resize makes nothing for those who wait", "if (this.open) this.serve();", ""],
    [
      "a second return frees the next holder's object",
      'if (loan.end !== undefined) return this.#again("given back", loan);',
      "",
    ],
    [
      "a second shutdown cannot shorten the first",
      "if (this.size > 0) ending.hurry(timeout);",
      "if (this.size > 0 && ending !== this.#ending) ending.hurry(timeout);",
    ],
    ["shutdown fails nobody who waits", "this.#desk.failAll(error);", ""],
    ["shutdown leaves what is available", 'this.#exit.clear("shutdown");', ""],
    ["shutdown does not stop creations", "this.#supply.stop(error);", ""],
    [
      "shutdown does not wait for what is lent",
      "if (this.size === 0) this.#endShutdown(ending);",
      "if (this.core.bag.idle.size === 0) this.#endShutdown(ending);",
    ],
    ["a forced shutdown waits for creations", "this.#supply.abandon(closedError(this.name));", ""],
    [
      "a forced shutdown leaves what is lent",
      'this.#exit.kill(entry, "revoked by shutdown");',
      ";",
    ],
    [
      "rounds go on when there is nothing left",
      "if (this.size === 0) {\n      this.#housekeeper.stop();",
      "if (this.size === 0) {",
    ],
    ["housekeeping does not begin", "this.#housekeeper.start();", ""],
  ],
  "pool/usage.ts": [
    [
      "an object killed during a use is discarded again",
      'if (entry.state !== "using") return undefined; // taken away meanwhile',
      "",
    ],
    ["a use that was aborted on its way keeps its object", "void this.#end(entry, false);", ""],
    ["what an aborted use held is lent again", "spoilt || tainted", "spoilt"],
    [
      "what an aborted use held is lent again if it went well",
      "const returned = this.#end(entry, tainted);",
      "const returned = this.#end(entry, false && tainted);",
    ],
    [
      "use does not give back",
      "const returned = this.#end(entry, tainted);",
      "const returned = undefined; void tainted;",
    ],
    [
      "use does not wait for retter",
      "return returned === undefined ? value : returned.then(() => value);",
      "return value;",
    ],
  ],
  "pool/bag.ts": [
    ["objects being closed do not count", "return this.live + this.#closing;", "return this.live;"],
    [
      "a closed object still counts",
      'this.#expect(entry, "closing");\n    this.#closing--;',
      'this.#expect(entry, "closing");',
    ],
    [
      "the first available is lent, not the last",
      "const entry = this.idle.pop();",
      "const entry = this.idle.shift();",
    ],
    ["a lent object is not held by anybody", "this.lent.push(entry);", ""],
  ],
  "pool/desk.ts": [
    [
      "what passed its check after its get had gone is forgotten",
      "return void this.#stock.giveBack(entry);",
      "return;",
    ],
    [
      "what passed its check after its get had gone is closed",
      "return void this.#stock.giveBack(entry);",
      "return void this.#stock.dismiss(entry);",
    ],
    [
      "what failed its check is forgotten",
      "this.#stock.dismiss(entry);\n    this.serve();",
      "this.serve();",
    ],
    ["whose object failed its check waits for ever", "else this.#queue.restore(waiter);", ""],
    ["three unfit objects are not enough", "const UNFIT = 3;", "const UNFIT = 4;"],
    ["what is checked later has no deadline", "this.#queue.hold(waiter);", ""],
    [
      "maxWaiting lets one too many wait",
      "this.#stock.creating > maxWaiting",
      "this.#stock.creating > maxWaiting + 1",
    ],
    [
      "nothing is made for who waits",
      "this.#queue.push(waiter);\n    this.#stock.grow();",
      "this.#queue.push(waiter);",
    ],
    [
      "nothing is made for who is left waiting",
      "this.#serving = false;\n    }\n    this.#stock.grow();",
      "this.#serving = false;\n    }",
    ],
  ],
  "pool/wait_queue.ts": [
    ["last come, first served", "?? this.#list.shift();", "?? this.#list.pop();"],
    [
      "who was served in vain is the last one of these",
      "last.turn > waiter.turn",
      "last.turn > Infinity",
    ],
    [
      "who was served in vain queues at the end",
      "this.#restored.shift() ?? this.#list.shift()",
      "this.#list.shift() ?? this.#restored.shift()",
    ],
    [
      "whoever is aborted stays in the queue",
      'if (waiter.state === "queued") waiter.list!.remove(waiter);\n    else if',
      "if",
    ],
    [
      "abort is not listened to",
      "if (waiter.signal !== undefined) this.#signals.listen(waiter.signal, waiter);",
      "",
    ],
    [
      "a deadline of one's own is forgotten",
      "if (waiter.timeout !== this.#timeout && waiter.due > 0) this.#dated.add(waiter);",
      "",
    ],
    [
      "the deadline is forgotten while a hook looks at the object",
      "this.#held.add(waiter);\n    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);",
      "this.#held.add(waiter);",
    ],
    [
      "the deadline of who was served in vain is forgotten",
      'waiter.state = "queued";\n    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);',
      'waiter.state = "queued";\n    this.#dated.remove(waiter);',
    ],
    ["a deadline is met a moment too late", "if (waiter.due > now) {", "if (waiter.due >= now) {"],
    [
      "a shutdown leaves those whose object is being checked",
      "return [...this.#held, ...",
      "return [...[], ...",
    ],
    [
      "the queue's timer is forgotten",
      "  stop(): void {\n    this.#timer.stop();",
      "  stop(): void {",
    ],
    [
      "the process is kept alive for who does not wait any more",
      "if (this.size === 0) this.#timer.keepAlive(false);\n    // Something may have been lent, which is to be looked after.\n    else if",
      "if",
    ],
    ["nobody looks for lost leases", "if (this.size > 0) this.#watcher.look();", ""],
  ],
  "pool/signals.ts": [
    ["the listener of a signal stays", 'signal.removeEventListener("abort", signalled);', ""],
    [
      "one aborted get takes the others with it",
      "if (!signalled?.listeners.delete(listener) || signalled.listeners.size > 0) return;",
      "if (!signalled?.listeners.delete(listener)) return;",
    ],
  ],
  "pool/creation.ts": [
    [
      "what comes too late is forgotten",
      "if (this.#over) return this.#late(object);",
      "if (this.#over) return;",
    ],
    ["a creation's timer is forgotten", "this.#cancelTimeout?.();", ""],
    [
      "fun is not told to stop",
      "this.#finish({ error, leftover });\n    this.abort(error);",
      "this.#finish({ error, leftover });",
    ],
    [
      "the object of a failed opener is forgotten",
      "this.#finish({ error, leftover: this.#object });",
      "this.#finish({ error, leftover: undefined });",
    ],
    ["opener is not waited for", "await opener?.(object);", "void opener?.(object);"],
    ["createTimeout is not kept", "if (delay > 0) {", "if (delay < 0) {"],
  ],
  "pool/supply.ts": [
    [
      "one too many is made",
      "this.size + this.#core.bag.size < maxSize;",
      "this.size + this.#core.bag.size <= maxSize;",
    ],
    [
      "what is missing for minSize is made besides what is waited for",
      "return Math.max(this.#customer.queued, refilling ? settings.minSize - bag.live : 0);",
      "return this.#customer.queued + (refilling ? Math.max(0, settings.minSize - bag.live) : 0);",
    ],
    ["minSize is not kept up", "refilling ? settings.minSize - bag.live : 0", "0"],
    [
      "a failure to make an object is told nobody",
      "!this.#customer.failOldest(error) && !told",
      "!told",
    ],
    [
      "a failed creation's place is given to nobody",
      "if (entry === undefined) this.#customer.vacated();\n    else",
      "if (entry !== undefined)",
    ],
    [
      "the leftover of a failed opener is dropped",
      'else void this.#customer.retire(entry, "leftover");',
      "",
    ],
    [
      "ready resolves before the objects are made",
      "return this.#core.bag.live >=",
      "return this.#core.bag.size + this.size >=",
    ],
    [
      "ready is not told when minSize is reached",
      "this.#customer.admit(entry);\n    this.recount();",
      "this.#customer.admit(entry);",
    ],
    ["creations go on after a shutdown", "this.#stopped = true;", ""],
    [
      "creations are not told of a shutdown",
      "for (const creation of this.#creations) creation.abort(error);",
      "",
    ],
    ["an attempt's number is used twice", "this.#attempts++", "this.#attempts"],
  ],
  "pool/exit.ts": [
    ["a lost object is not closed", 'void this.retire(loan.entry, "lost");', ""],
    [
      "a killed lease stays alive",
      "else if (borrower.end === undefined) this.end(borrower, end);",
      "",
    ],
    ["a use is not told that its object is killed", "borrower?.revoke(end);", ";"],
    [
      "closer is skipped",
      "if (settings.closer === undefined) this.#gone(entry);\n    else {",
      "if (entry) this.#gone(entry);\n    else {",
    ],
    [
      "closer is called twice",
      "closing = hooks.close(entry.object,",
      'void hooks.close(entry.object, () => "");\n      closing = hooks.close(entry.object,',
    ],
    [
      "closer is not waited for",
      "closing = hooks.close(entry.object, () => hooks.label(entry), () => this.#gone(entry));",
      "closing = hooks.close(entry.object, () => hooks.label(entry));\n      this.#gone(entry);",
    ],
    [
      "a detached object's place is given to nobody",
      "this.#core.bag.detach(entry);\n    this.#doorkeeper.vacated();",
      "this.#core.bag.detach(entry);",
    ],
    [
      "a hook goes on when its object is killed",
      "entry.giveUp?.(new PoolError(`the object is closed meanwhile: ${why}`));",
      "",
    ],
  ],
  "pool/ending.ts": [
    ["a shutdown's timer is forgotten", "this.#timer.stop();", ""],
    [
      "a longer timeout prolongs a shutdown",
      "timeout > 0 && this.#clock.awake() + timeout < this.#timer.at",
      "timeout > 0",
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
      "return inTime(result, late, awaited, giveUp).catch((error) => {\n      this.#failed(name, () => this.label(entry), error);\n      throw error;",
      "return inTime(result, late, awaited, giveUp).catch((error) => {\n      this.#failed(name, () => this.label(entry), error);",
    ],
    ["hooks may hang", "delay: this.#settings.hookTimeout };", "delay: 0 };"],
    ["a closer may hang", "delay: closeTimeout }", "delay: 0 }"],
    ["discardOnError is not asked", "return Boolean(spoilt);", "return false;"],
  ],
  "pool/limits.ts": [
    ["an object is used once too often", "entry.uses >= maxUse", "entry.uses > maxUse"],
    [
      "an unused object goes a moment too late",
      "now - entry.since >= maxAvailDelay",
      "now - entry.since > maxAvailDelay",
    ],
    [
      "unused objects go even below minSize",
      'live > minSize ? "maxAvailDelay"',
      'live >= minSize ? "maxAvailDelay"',
    ],
    [
      "an object outlives its lifetime for a moment",
      'if (now >= entry.due) return "maxLifetime";',
      'if (now > entry.due) return "maxLifetime";',
    ],
    [
      "what comes back too old is kept",
      'return now >= entry.due ? "maxLifetime" : undefined;',
      "return undefined;",
    ],
  ],
  "pool/housekeeping.ts": [
    ["a round recycles one too many", "if (spare <= 0 ||", "if (spare < 0 ||"],
    [
      "a round recycles what is not due",
      "now - entry.since < maxAvailDelay) break;",
      "now - entry.since < maxAvailDelay / 2) break;",
    ],
    [
      "nothing is killed that was not warned of",
      "      ...heldFor(estate.lent, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "nothing is killed that was warned of",
      "      ...heldFor(estate.overdue, maxUsingDelayKill, awake),\n",
      "",
    ],
    [
      "a gap is not noticed",
      "now - this.#last <= this.delay + GAP",
      "now - this.#last <= this.delay + 1e9 * GAP",
    ],
    ["no round follows the first", "if (bag.size > 0) this.start();", ""],
    [
      "an object that was taken is closed again after its health was asked",
      'if (entry.state !== "available") return; // a shutdown',
      "// a shutdown",
    ],
    ["who waits is not served after a good health", "else this.#household.serve();", ""],
    ["what turned out not to be good is kept", ': "unfit";', ": undefined;"],
  ],
  "pool/health.ts": [
    [
      "what may have died in its sleep is lent",
      "if (entry.proven < this.#suspect) return true;",
      "",
    ],
    [
      "health is asked a moment too late",
      "entry.since >= healthAfter",
      "entry.since > healthAfter",
    ],
    ["what is not good is fine", "=== false) {", "=== null) {"],
  ],
  "pool/refill.ts": [
    [
      "the timer of a refill is forgotten",
      "this.#timer.stop();\n    this.#tell(error);",
      "this.#tell(error);",
    ],
    ["ready is not told of a failure", "return this.#tell(error);", "return false;"],
    ["a refill does not rest", "if (again && !this.resting) {", "if (error === this) {"],
    ["a refill rests for ever", "new Timer(clock, again);", "new Timer(clock, () => {});"],
  ],
  "pool/leaks.ts": [
    ["a returned lease is still watched", "this.#registry?.unregister(loan);", ""],
    [
      "a lost lease is not noticed",
      "if (entry.borrower instanceof Loan) this.#register(entry.borrower);",
      "",
    ],
  ],
  "pool/clock.ts": [
    ["a machine's sleep does not count", "this.#slept += offset - this.#offset;", ""],
    [
      "a clock that is set back goes back",
      "if (offset < this.#offset) this.#offset = offset;",
      "if (offset < this.#offset) this.#slept += offset - this.#offset;",
    ],
  ],
  "pool/lease.ts": [
    ["a dead lease gives its object", "if (this.end !== undefined) throw this.#dead();", ""],
  ],
};

export const MUTATIONS: Mutation[] = Object.entries(BY_FILE).flatMap(([file, rows]) =>
  rows.map(([name, from, to]) => ({ name, file, from, to }))
);

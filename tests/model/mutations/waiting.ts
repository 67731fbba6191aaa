// Ways to break what decides who is served and with what.

import type { ByFile } from "./row.ts";

export const WAITING: ByFile = {
  "pool/desk.ts": [
    [
      "what passed its check after its get had gone is forgotten",
      "return void this.#returns.giveBack(entry);",
      "return;",
    ],
    [
      "what passed its check after its get had gone is closed",
      "return void this.#returns.giveBack(entry);",
      "return void this.#exit.dismiss(entry);",
    ],
    [
      "what failed its check is forgotten",
      "this.#exit.dismiss(entry, why);\n    this.serve();",
      "this.serve();",
    ],
    ["whose object failed its check waits for ever", "else this.#queue.restore(waiter);", ""],
    [
      "getter is not called after health",
      "if (greeted) this.#checked(entry, waiter);\n    else this.#greet",
      "this.#checked",
    ],
    [
      "getter is called for a get that has gone",
      'if (waiter.state === "settled") return this.#returns.readmit(entry);',
      "",
    ],
    [
      "what was asked for its health for a get that has gone is forgotten",
      "return this.#returns.readmit(entry);",
      "return;",
    ],
    [
      "what gets too old in a hook is lent",
      "this.#core.clock.now() >= entry.due",
      "this.#core.clock.now() > Infinity",
    ],
    [
      "hooks slower than objects live are called for ever",
      '(why === "maxLifetime" || !entry.stored)',
      "!entry.stored",
    ],
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
      "waiter.list?.remove(waiter);",
      "",
    ],
    [
      "abort is not listened to",
      "if (signal !== undefined) this.#signals.listen(signal, waiter);",
      "",
    ],
    [
      "a deadline of one's own is forgotten",
      "if (waiter.terms.timeout !== this.#timeout && waiter.due > 0) this.#dated.add(waiter);",
      "",
    ],
    [
      "the deadline is forgotten while a hook looks at the object",
      "this.#held.push(waiter);\n    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);",
      "this.#held.push(waiter);",
    ],
    [
      "the deadline of who was served in vain is forgotten",
      'waiter.state = "queued";\n    if (waiter.due > 0 && waiter.slot < 0) this.#dated.add(waiter);',
      'waiter.state = "queued";\n    this.#dated.remove(waiter);',
    ],
    [
      "who came after others of the same turn has no deadline",
      "for (const waiter of fresh) waiter.due = due;",
      "void due;",
    ],
    [
      "who came after another one of the same turn gives up with it",
      "const due = Math.ceil(this.#clock.awake() + this.#timeout);",
      "const due = this.#list.first?.due ?? 0;",
    ],
    [
      "the time is not read at the end of a turn",
      "void Promise.resolve().then(() => this.#dateFresh());",
      "",
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
  "pool/health.ts": [
    [
      "what may have died in its sleep is lent",
      "if (this.suspects(entry)) return true;",
      "",
    ],
    [
      "health is asked a moment too late",
      "entry.since >= healthAfter",
      "entry.since > healthAfter",
    ],
    ["what is not good is fine", "=== false) {", "=== null) {"],
  ],
};

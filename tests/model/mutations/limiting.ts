// Ways to break what a pool does for its quota, the quota of one thread, and the pool of many keys.

import type { ByFile } from "./row.ts";

/** Permits, what is reclaimed, and whose turn it is. */
export const LIMITING: ByFile = {
  "pool/permits.ts": [
    [
      "a permit that is not needed any more is kept",
      "if (!this.#end(request)) return held.release();",
      "if (!this.#end(request)) return;",
    ],
    [
      "the newest request is not withdrawn first",
      "const request = this.requests.at(-1);",
      "const request = this.requests[0];",
    ],
    [
      "a request is withdrawn, and its signal does not abort",
      "outside(() => request.aborting.abort(reason));",
      "void reason;",
    ],
    ["a permit that is lost is not heard of", 'lost?.addEventListener("abort", this);', ""],
    [
      "a permit that was lost before it came is used",
      "if (!lost?.aborted) return held;",
      "if (held) return held;",
    ],
    [
      "what was asked for is owed after another permit has gone back",
      "    this.due = false;\n    try {",
      "    try {",
    ],
    [
      "the quota is not asked what is owed",
      "const owes = this.due || this.#yields(needed);",
      "const owes = this.due;",
    ],
    [
      "what is owed is owed each time",
      "    this.due = false;\n    if (owes)",
      "    if (owes)",
    ],
    ["the quota is left each time", "    this.#member = undefined;\n", ""],
  ],
  "pool/create.ts": [
    [
      "more permits are asked for than there is room for",
      "return Math.max(0, Math.min(lacking, room, most));",
      "return Math.max(0, Math.min(lacking, most, room < -1 ? 0 : most));",
    ],
    [
      "permits are asked for while attempts rest",
      "const most = !pool.outage ? REQUESTS : mayCreate(pool) ? 1 : 0;",
      "const most = REQUESTS;",
    ],
    [
      "a permit that is at hand is not used",
      "else if (permits.ready.length > 0 && mayCreate(pool)) create",
      "else if (permits.ready.length > 1 && mayCreate(pool)) create",
    ],
    [
      "permits are used beyond maxCreating",
      "permits.ready.length > 0 && mayCreate(pool))",
      "permits.ready.length > 0)",
    ],
    [
      "permits that are not needed are kept",
      "if (permits.pending > wanted) permits.withdraw(unneededError(pool));\n    else if",
      "if",
    ],
    [
      "a failed attempt keeps its permit",
      "if (entry === undefined) attempt.permit?.release(); // before others are told\n",
      "",
    ],
    [
      "spare objects are made again at once after they were reclaimed",
      "const spares = minAvailable > 0 && !pool.permits?.yielded;",
      "const spares = minAvailable > 0;",
    ],
    [
      "a quota that cannot be reached is no probe",
      "  if (pool.outage) pool.probe = attempt;\n  end(",
      "  end(",
    ],
  ],
  "pool/evict.ts": [
    [
      "what is closed keeps its permit",
      "  entry.permit?.release(); // before observers are told: they may end the pool\n",
      "",
    ],
    [
      "what is detached keeps its permit",
      "  pool.bag.detach(entry);\n  entry.permit?.release();\n",
      "  pool.bag.detach(entry);\n",
    ],
  ],
  "pool/reclaim.ts": [
    [
      "what minSize keeps is reclaimed",
      "    if (!isSpare(entry, bag, minSize)) continue;\n",
      "",
    ],
    [
      "what is made by a lost permit goes on",
      "if (!attempt.over) return abandon(pool, attempt, lostError(pool, n));",
      "if (!attempt.over) return;",
    ],
    [
      "who has an object whose permit is lost keeps it",
      'if (evictIdle(pool, entry, "killed") === undefined) kill(pool, entry, "revoked by its quota");',
      'void evictIdle(pool, entry, "killed");\n  void kill;',
    ],
    [
      "permits that are lost at once cause no rest",
      "if (clock.now() - entry.born < SOON) restAfterLoss(pool, n, lostError(pool, n));\n  else",
      "",
    ],
    [
      "permits that are lost at hand cause no rest",
      "    restAfterLoss(pool, pool.made, unusedError(pool));\n",
      "",
    ],
    [
      "nothing is owed where nothing is available",
      "if (bag.live + attempts.size > minSize) permits!.owe();",
      "void attempts;",
    ],
  ],
  "pool/release.ts": [
    [
      "what was just made for who waits is closed for others",
      "!(fresh && needed) && permits.owes(needed)",
      "permits.owes(needed && fresh || needed)",
    ],
    [
      "what minSize keeps is closed for others",
      "return isSpare(entry, bag, minSize) && !(fresh",
      "return (bag.live > 0 || isSpare(entry, bag, minSize)) && !(fresh",
    ],
  ],
  "pool/recycle.ts": [
    [
      "what becomes available withdraws no request",
      "if (pool.permits !== undefined && pool.permits.pending > 0) pool.dispatch();",
      "void 0;",
    ],
    ["what is about to end makes room while it waits for a permit", " && !permits?.pending;", ";"],
  ],
  "pool/refuse.ts": [
    [
      "who gives up withdraws no request",
      "if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();",
      "if (pool.ending?.draining) pool.dispatch();",
    ],
  ],
  "pool/acquire.ts": [
    [
      "who waits for a permit counts for maxWaiting at once",
      "const asked = permits?.soon(clock.now() - LONG) ?? 0;",
      "const asked = permits?.soon(clock.now() + LONG) ?? 0;",
    ],
  ],
  "pool/lend.ts": [
    [
      "who is served withdraws no request",
      "if (pool.permits !== undefined || pool.ending?.draining) pool.dispatch();",
      "if (pool.ending?.draining) pool.dispatch();",
    ],
  ],
  "pool/prepare.ts": [
    [
      "what is taken from a hook counts as unfit",
      '  if (entry.state !== "using") return pool.dispatch(); // taken away meanwhile\n  // An object that died',
      "  // An object that died",
    ],
  ],
  "pool/manage.ts": [
    [
      "a shutdown does not withdraw requests",
      "    permits?.withdrawAll(error);\n",
      "",
    ],
    [
      "the quota is not left",
      "pool.permits === undefined ? over() : leave(pool, pool.permits, over);",
      "pool.permits === undefined || over !== undefined ? over() : leave(pool, pool.permits, over);",
    ],
    ["a shutdown does not wait for the quota", "  awaitClosing(pool, closing);\n", ""],
  ],
  "quota/local.ts": [
    [
      "one permit too many is given",
      "while (this.used < this.max &&",
      "while (this.used <= this.max &&",
    ],
    [
      "who is served goes before the others again",
      "if (this.#ring.delete(member)) this.#ring.add(member);",
      "void 0;",
    ],
    [
      "available objects of others are not asked for",
      "const member = this.#longestUnused(refused) ?? this",
      "const member = this",
    ],
    [
      "the shortest unused object goes first",
      "member.due = now - (member.client.unused ?? 0);",
      "member.due = (member.client.unused ?? 0) - now;",
    ],
    [
      "an object that was lent meanwhile counts as unused",
      "if (member.due > due + 1) this.#resting.add(member);\n      else if",
      "if",
    ],
    [
      "pools that have said nothing are looked at once, and never again",
      "if (now < this.#looked + LOOK && now >= this.#looked) return false;",
      "if (this.#looked > 0) return false;",
    ],
    [
      "more are reclaimed than are waited for",
      "while (this.waiting > this.#promised) {",
      "while (this.waiting > 0) {",
    ],
    [
      "what becomes available is kept while others wait",
      "(!needed || this.#isAbove(member))",
      "(needed && this.#isAbove(member))",
    ],
    [
      "one that has more than its share keeps it",
      "if (held <= this.max / this.#active) return false;",
      "if (held > 0) return false;",
    ],
    [
      "who has one more than another gives it up",
      "(other.held === 0 || other.held < held - 1)",
      "other.held < held",
    ],
    ["who leaves keeps what it has", "    this.used -= member.held;\n", ""],
  ],
  "quota/key_queue.ts": [
    [
      "who waits for a key has all of its timeout again",
      "timeout === 0 ? 0 : Math.max(1, Math.ceil(due - now))",
      "timeout === 0 ? 0 : Math.max(1, timeout)",
    ],
  ],
  "quota/keys.ts": [
    [
      "a key is never forgotten",
      "if (rest === 0) return this.forget(place);",
      "if (rest < 0) return this.forget(place);",
    ],
    [
      "a key that fails is forgotten at once",
      "const rest = this.#queue.keys > 0 ? 0 : place.rest;",
      "const rest = 0;",
    ],
    [
      "maxKeys is not kept",
      "if (this.#max === 0 || this.places.size < this.#max) return true;",
      "if (this.#max >= 0) return true;",
    ],
    [
      "the key last used goes first",
      "const place = this.#resting.shift();",
      "const place = this.#resting.pop();",
    ],
  ],
};

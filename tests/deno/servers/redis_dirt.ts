// What a borrower may leave in a Redis session, by either driver, and what the next one must not find.

import { assert, assertEquals } from "@std/assert";
import type { Pool } from "../../../mod.ts";
import { sleep } from "../../helpers/until.ts";
import type { Client, Kit, Where } from "./redis_kits.ts";

/** What has its part in a deed: who does it, at which names. */
export interface Stage {
  kit: Kit;
  pool: Pool<Client>;
  where: Where;
  /** A key and a channel of its own. */
  key: string;
}

type Deed = (client: Client, stage: Stage) => unknown;

const send = (...args: string[]): Deed => (client, { kit }) => kit.send(client, ...args);
const fails = (deed: Deed): Deed => async (client, stage) => {
  await Promise.resolve(deed(client, stage)).then(() => assert(false), () => {});
};
const inTurn = (...deeds: Deed[]): Deed => async (client, stage) => {
  for (const deed of deeds) await deed(client, stage);
};
/** Nobody waits for it. */
const unheard = (deed: Deed): Deed => (client, stage) => {
  Promise.resolve(deed(client, stage)).catch(() => {});
};
const watch: Deed = (client, { key }) => client.watch(key);
const subscribe = (kind: "" | "p" | "s"): Deed => (client, { kit, key }) =>
  kit.subscribe(client, kind, key, () => {});

/** What the same session is lent again after. */
export const DEEDS: Record<string, Deed> = {
  "MULTI": send("MULTI"),
  "MULTI with commands": (client, { kit, key }) =>
    inTurn(send("MULTI"), send("SET", key, "1"))(client, { kit, key } as Stage),
  "MULTI that has failed": inTurn(send("MULTI"), fails(send("NO-SUCH-COMMAND"))),
  "MULTI that nobody waits for": unheard(send("MULTI")),
  "MULTI twice": inTurn(send("MULTI"), fails(send("MULTI"))),
  "a DISCARD that is refused": inTurn(send("MULTI"), fails(send("DISCARD", "it"))),
  "WATCH": watch,
  "WATCH, and an EXEC that is refused": inTurn(watch, fails(send("EXEC"))),
  "WATCH after a transaction": inTurn(
    watch,
    (client, { kit, key }) => kit.transact(client, ["GET", key]),
    watch,
  ),
  "a transaction that somebody was faster than": async (client, { kit, key, where }) => {
    await client.watch(key);
    await using other = kit.open(where);
    await other.use((client) => kit.send(client, "SET", key, "other", "EX", "10"));
    await Promise.resolve(kit.transact(client, ["GET", key])).catch(() => {});
    await client.watch(key);
  },
  "SELECT": (client) => client.select(7),
  "SELECT as it is": send("SELECT", "7"),
  "SELECT that nobody waits for": unheard((client) => client.select(7)),
  "SELECT in a transaction": (client, { kit }) => kit.transact(client, ["SELECT", "7"]),
  "SELECT in a transaction that is left open": inTurn(send("MULTI"), send("SELECT", "7")),
  "CLIENT SETNAME": send("CLIENT", "SETNAME", "mine"),
  "client setname, in small letters": send("client", "setname", "mine"),
  "CLIENT TRACKING": inTurn(send("CLIENT", "TRACKING", "OFF"), send("CLIENT", "TRACKING", "ON")),
  "AUTH": (client, { kit, key }) => kit.send(client, "AUTH", key, "secret"),
  "AUTH and another database": inTurn(
    (client) => client.select(7),
    (client, { kit, key }) => kit.send(client, "AUTH", key, "secret"),
  ),
  "HELLO with a name": async (client, { kit, where }) => {
    const version = /resp=(\d)/.exec(String(await kit.send(client, "CLIENT", "INFO")))?.[1] ?? "2";
    await kit.send(client, "HELLO", version, "SETNAME", "mine");
    void where;
  },
  "RESET": send("RESET"),
  "MONITOR": async (client, { kit }) => {
    const { monitor } = client as unknown as { monitor?: (heard: () => void) => Promise<unknown> };
    await (kit.name.startsWith("node")
      ? monitor!.call(client, () => {})
      : kit.send(client, "MONITOR"));
  },
  "SUBSCRIBE": subscribe(""),
  "PSUBSCRIBE": subscribe("p"),
  "SSUBSCRIBE": subscribe("s"),
  "SSUBSCRIBE beside a subscription that has ended": inTurn(
    subscribe("s"),
    subscribe(""),
    (client, { kit, key }) => kit.unsubscribe(client, "", key),
  ),
  "subscriptions that have ended": async (client, { kit, key }) => {
    for (const kind of ["", "p", "s"] as const) {
      await kit.subscribe(client, kind, key, () => {});
      await kit.unsubscribe(client, kind, key);
    }
  },
  "a SUBSCRIBE that nobody waits for": unheard(subscribe("")),
  "commands that nobody waits for": (client, { kit }) => {
    for (let i = 0; i < 100; i++) unheard(send("ECHO", `${i}`))(client, { kit } as Stage);
  },
  "listeners": (client) => {
    for (const event of ["error", "end", "message", "own"]) client.on(event, () => {});
  },
  "the listeners of others, removed": (client) => client.removeAllListeners(),
};

/** What costs the session, whichever driver it is of. */
export const LOST: Record<string, Deed> = {
  "CLIENT REPLY OFF": unheard(send("CLIENT", "REPLY", "OFF")),
  "CLIENT REPLY SKIP": unheard(send("CLIENT", "REPLY", "SKIP")),
  "CLIENT NO-EVICT": send("CLIENT", "NO-EVICT", "ON"),
  "SCRIPT DEBUG": send("SCRIPT", "DEBUG", "YES"),
  "REPLCONF": send("REPLCONF", "CAPA", "eof"),
  "SUBSCRIBE as it is": unheard((client, { kit, key }) => kit.send(client, "subscribe", key)),
  "QUIT": unheard(send("QUIT")),
  "a session that was ended": (client, { kit }) => kit.leave(client),
  "BLPOP": unheard((client, { kit, key }) => kit.send(client, "BLPOP", key, "0")),
  "XREAD BLOCK": unheard((client, { kit, key }) =>
    kit.send(client, "XREAD", "BLOCK", "0", "STREAMS", key, "$")
  ),
  "WAIT": unheard(send("WAIT", "3", "0")),
};

/** What is not to be lost on the way, and costs nothing. */
export const HARMLESS: Record<string, Deed> = {
  "GET and SET": inTurn(
    (client, { kit, key }) => kit.send(client, "SET", key, "1", "EX", "10"),
    (client, { kit, key }) => kit.send(client, "GET", key),
  ),
  "a command that fails": (client, { kit }) =>
    fails(send("NO-SUCH-COMMAND"))(client, { kit } as Stage),
  "a transaction": inTurn(
    watch,
    (client, { kit, key }) => kit.transact(client, ["SET", key, "1", "EX", "10"]),
  ),
  "SELECT in a script": send("EVAL", "return redis.call('select', '5')", "0"),
  "BLPOP that was answered": (client, { kit, key }) =>
    kit.send(client, "BLPOP", `${key}_list`, "0.01"),
  "CLIENT ID": send("CLIENT", "ID"),
};

/** What the server says of a session, but for what changes by asking; and what the pool has heard. */
export async function stateOf(
  client: Client,
  { kit, key }: Stage,
): Promise<Record<string, unknown>> {
  const info = String(await kit.send(client, "CLIENT", "INFO"));
  const all = Object.fromEntries(info.trim().split(" ").map((pair) => pair.split("=")));
  const { id, name, db, sub, psub, ssub, multi, flags, user, resp } = all;
  const tracking = JSON.stringify(await kit.send(client, "CLIENT", "TRACKINGINFO"));
  const events = ["error", "end", "message", "own"];
  const listeners = events.map((event) => client.listenerCount(event));
  // What is watched no longer can be changed in a transaction.
  await kit.send(client, "SET", key, "again", "EX", "10");
  const done = JSON.stringify(await kit.transact(client, ["DEL", key]));
  return { id, name, db, sub, psub, ssub, multi, flags, user, resp, tracking, listeners, done };
}

/** A message arrives, to who subscribes in a session that others have left subscribed, and to nobody else. */
export async function hears(stage: Stage): Promise<void> {
  const { kit, pool, where, key } = stage;
  await using other = kit.open(where);
  for (const kind of ["", "p", "s"] as const) {
    let theirs = 0;
    await pool.use((client) => kit.subscribe(client, kind, key, () => theirs++));
    await pool.use(async (client) => {
      let heard = 0;
      await kit.subscribe(client, kind, key, () => heard++);
      for (let i = 0; heard === 0 && i < 200; i++) {
        await other.use((client) =>
          kit.send(client, kind === "s" ? "SPUBLISH" : "PUBLISH", key, "x")
        );
        await sleep(5);
      }
      assert(heard > 0, `${kit.name}: ${kind}subscribe hears nothing`);
      await kit.unsubscribe(client, kind, key);
    });
    assertEquals(theirs, 0);
  }
  assertEquals(typeof (await pool.use((client) => stateOf(client, stage))).id, "string");
}

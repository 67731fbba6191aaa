// Call: runs the script, and reads what it answers.

import type { Driver } from "./driver.ts";
import type { Holder } from "./holder.ts";
import type { Settings } from "./options.ts";
import { channelOf, keysOf, SCRIPT } from "./script.ts";

/** What the script answers. */
export type Answer =
  | { kind: "ok"; era: string; granted: number; asked: number; waiting: number; wake: number }
  /** The server has given its places to others, as far as it knows of them. */
  | { kind: "gone" }
  /** A later call was faster. */
  | { kind: "late" }
  /** The others go by leases of that length. */
  | { kind: "lease"; lease: number };

let sha: Promise<string> | undefined;

/** What a call says of a holder. */
export function argumentsOf(holder: Holder, settings: Settings, idle: number, renewal: boolean) {
  const { id, granted, released, wanted } = holder;
  const { key, max, lease } = settings;
  holder.told = wanted;
  const counts = [++holder.seq, granted, released, wanted, idle];
  return [id, channelOf(key), ...[...counts, max, lease, renewal ? 1 : 0].map(String)];
}

/** Runs the script; a server that does not know it is told it. */
export async function call(driver: Driver, key: string, args: string[]): Promise<Answer> {
  const keys = keysOf(key);
  sha ??= sha1(SCRIPT);
  try {
    return read(await driver.evalSha(await sha, keys, args));
  } catch (error) {
    if (!String((error as Error)?.message).startsWith("NOSCRIPT")) throw error;
    return read(await driver.eval(SCRIPT, keys, args));
  }
}

function read(reply: unknown): Answer {
  const [kind, ...rest] = (reply as unknown[]).map(String);
  if (kind === "lease") return { kind, lease: Number(rest[0]) };
  if (kind === "gone" || kind === "late") return { kind };
  const [era = "", ...counts] = rest;
  const [granted = 0, asked = 0, waiting = 0, wake = 0] = counts.map(Number);
  return { kind: "ok", era, granted, asked, waiting, wake };
}

async function sha1(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

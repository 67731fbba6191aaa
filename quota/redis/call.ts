// Call: runs the script, and reads its answer.

import type { Driver } from "./driver.ts";
import type { Holder } from "./holder.ts";
import type { Settings } from "./options.ts";
import { channelOf, keysOf, SCRIPT } from "./script.ts";

/** The answer of the script. */
export type Answer =
  | { kind: "ok"; era: string; granted: number; asked: number; waiting: number; wake: number }
  /** The server has given this holder's places to others. */
  | { kind: "gone" }
  /** A later call has overtaken this one. */
  | { kind: "late" }
  /** Other processes have a lease of this length. */
  | { kind: "lease"; lease: number };

let sha: Promise<string> | undefined;

/** The arguments of a call for a holder. */
export function argumentsOf(holder: Holder, settings: Settings, idle: number, renewal: boolean) {
  const { id, granted, released, wanted } = holder;
  const { key, max, lease } = settings;
  holder.told = wanted;
  const counts = [++holder.seq, granted, released, wanted, idle];
  return [id, channelOf(key), ...[...counts, max, lease, renewal ? 1 : 0].map(String)];
}

/** Runs the script; sends its text if the server does not have it. */
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

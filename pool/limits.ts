// Limits: whether an object may be lent, or kept.

import type { Entry } from "./entry.ts";
import type { Settings } from "./options.ts";

/** Why an object is closed, and which total counts it. */
export const REASONS = {
  maxUse: "wornOut",
  maxLifetime: "expired",
  maxAvailDelay: "recycled",
  reset: "discarded",
  resize: "discarded",
  discarded: "discarded",
  killed: "killed",
  lost: "leaked",
  unfit: undefined,
  leftover: undefined,
  shutdown: undefined,
} as const;

/** Why an object is closed. */
export type Reason = keyof typeof REASONS;

/** Why an available object is not to be lent any more; `live`: how many objects there are. */
export function stale<T>(
  entry: Entry<T>,
  settings: Settings<T>,
  live: number,
  now: number,
): Reason | undefined {
  const { maxAvailDelay, minSize } = settings;
  if (now >= entry.due) return "maxLifetime";
  const unused = maxAvailDelay > 0 && now - entry.since >= maxAvailDelay;
  return unused && live > minSize ? "maxAvailDelay" : undefined;
}

/** Why an object that comes back is not to be kept. */
export function wornOut<T>(
  entry: Entry<T>,
  { maxUse }: Settings<T>,
  now: number,
): Reason | undefined {
  if (maxUse > 0 && entry.uses >= maxUse) return "maxUse";
  return now >= entry.due ? "maxLifetime" : undefined;
}

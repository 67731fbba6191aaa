// Conventions: the metrics of a connection pool in the semantic conventions 1.44 of OpenTelemetry.

import { describe } from "../../values.ts";

/** A metric of the conventions. */
export interface Metric {
  readonly instrument: "updowncounter" | "counter" | "histogram";
  readonly unit: string;
  readonly description: string;
}

/** The name of a metric, without `db.client.connection.`. */
export type MetricName =
  | "count"
  | "idle.max"
  | "idle.min"
  | "max"
  | "pending_requests"
  | "timeouts"
  | "create_time"
  | "wait_time"
  | "use_time";

/** The prefix of all names. */
export const PREFIX = "db.client.connection.";

/** The attribute for the name of the pool. */
export const POOL = "db.client.connection.pool.name";

/** The attribute for the state of objects. */
export const STATE = "db.client.connection.state";

/** The attribute for the key of a keyed pool; it is not in the conventions. */
export const KEY = "proxypool.key";

/** The value of the attribute for a key: a text, if the key is no plain value. */
export function keyOf(key: unknown): string | number | boolean {
  const isPlain = typeof key === "string" || typeof key === "boolean" || Number.isFinite(key);
  return isPlain ? key as string | number | boolean : describe(key);
}

/** The metrics with their units and descriptions; names without `db.client.connection.`. */
export const METRICS: Readonly<Record<MetricName, Metric>> = {
  "count": {
    instrument: "updowncounter",
    unit: "{connection}",
    description:
      "The number of connections that are currently in state described by the `state` attribute.",
  },
  "idle.max": {
    instrument: "updowncounter",
    unit: "{connection}",
    description: "The maximum number of idle open connections allowed.",
  },
  "idle.min": {
    instrument: "updowncounter",
    unit: "{connection}",
    description: "The minimum number of idle open connections allowed.",
  },
  "max": {
    instrument: "updowncounter",
    unit: "{connection}",
    description: "The maximum number of open connections allowed.",
  },
  "pending_requests": {
    instrument: "updowncounter",
    unit: "{request}",
    description: "The number of current pending requests for an open connection.",
  },
  "timeouts": {
    instrument: "counter",
    unit: "{timeout}",
    description:
      "The number of connection timeouts that have occurred trying to obtain a connection from the pool.",
  },
  "create_time": {
    instrument: "histogram",
    unit: "s",
    description: "The time it took to create a new connection.",
  },
  "wait_time": {
    instrument: "histogram",
    unit: "s",
    description: "The time it took to obtain an open connection from the pool.",
  },
  "use_time": {
    instrument: "histogram",
    unit: "s",
    description: "The time between borrowing a connection and returning it to the pool.",
  },
};

/**
 * Bucket boundaries in seconds: the advice of the conventions for `db.client.operation.duration`.
 */
export const BOUNDARIES: readonly number[] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10];

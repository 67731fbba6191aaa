// Respond: answers a request with the page, its events, or an error status.

import type { Board } from "./board.ts";
import { PAGE, POLICY } from "./page.ts";
import { events } from "./stream.ts";

/** The headers of every response. */
const HEADERS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
};

const PAGE_HEADERS = {
  ...HEADERS,
  "content-type": "text/html; charset=utf-8",
  "content-security-policy": POLICY,
  "x-frame-options": "DENY",
  "cache-control": "no-cache",
};

const EVENT_HEADERS = {
  ...HEADERS,
  "content-type": "text/event-stream; charset=utf-8",
  // Neither compression nor nginx may buffer the events.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** Files that browsers request by themselves, or that a page could have. */
const FILE = /\.(?:ico|png|svg|txt|xml|json|map|js|css|webmanifest)$/i;

/**
 * Answers a request. The dashboard does not know its mount path: the page is at every path, and
 * requests its events at its own path, with `?events=` and the id of its last event.
 */
export function respond(board: Board, request: Request): Response {
  const { method, url, headers } = request;
  if (method !== "GET" && method !== "HEAD") {
    return plain(405, `${method} is not for this page: it only shows`, { allow: "GET, HEAD" });
  }
  const { pathname, searchParams } = new URL(url);
  if (FILE.test(pathname)) return plain(404, "there is only one page here");
  const known = searchParams.get("events");
  const type = known === null ? "text/html" : "text/event-stream";
  if (!accepts(headers.get("accept"), type)) return plain(406, `here is only ${type}`);
  if (known === null) {
    return new Response(method === "GET" ? PAGE : null, { headers: PAGE_HEADERS });
  }
  if (method === "HEAD") return new Response(null, { headers: EVENT_HEADERS });
  const last = headers.get("last-event-id") ?? known;
  return new Response(events(board, last), { headers: EVENT_HEADERS });
}

function plain(status: number, text: string, more: Record<string, string> = {}): Response {
  const headers = { ...HEADERS, "content-type": "text/plain; charset=utf-8", ...more };
  return new Response(`${text}\n`, { status, headers });
}

/** Whether an `Accept` header allows a type. */
function accepts(accepted: string | null, type: string): boolean {
  if (accepted === null) return true;
  const [kind = ""] = type.split("/");
  const ranges = accepted.split(",").map((range) => range.split(";")[0]!.trim().toLowerCase());
  return ranges.some((range) => ["", "*/*", `${kind}/*`, type].includes(range));
}

// Respond: what a dashboard answers to a request: the page, its events, or why neither.

import type { Board } from "./board.ts";
import { PAGE, POLICY } from "./page.ts";
import { events } from "./stream.ts";

/** Of every answer. */
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
  // Not to be held back: neither by what compresses, nor by nginx.
  "cache-control": "no-store, no-transform",
  "x-accel-buffering": "no",
};

/** What browsers ask for of their own accord, and what a page with files of its own would have. */
const FILE = /\.(?:ico|png|svg|txt|xml|json|map|js|css|webmanifest)$/i;

/**
 * The answer. Where the dashboard is mounted nobody tells it: the page is at every path, and asks for its
 * events at its own, with `?events=` and the id of the last one that it knows.
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

/** Whether one who accepts that takes what is of that type. */
function accepts(accepted: string | null, type: string): boolean {
  if (accepted === null) return true;
  const [kind = ""] = type.split("/");
  const ranges = accepted.split(",").map((range) => range.split(";")[0]!.trim().toLowerCase());
  return ranges.some((range) => ["", "*/*", `${kind}/*`, type].includes(range));
}

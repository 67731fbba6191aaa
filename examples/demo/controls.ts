// Controls: the page of `--serve`, its buttons, and the dashboard in its frame.
import type { Handler } from "./server.ts";
import { MOST_PER_SECOND, type Stage } from "./stage.ts";

/** Nothing from elsewhere, nothing inline, and no other site may frame it. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "frame-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const FILES: Record<string, [name: string, type: string]> = {
  "/": ["page.html", "text/html"],
  "/page.css": ["page.css", "text/css"],
  "/page.js": ["page.js", "text/javascript"],
};

export interface Parts {
  stage: Stage;
  dashboard: Handler;
  /** Answers what is not of the page. */
  service: Handler;
  /** Ends the events of an open dashboard, for which the server would wait. */
  signal: AbortSignal;
}

export function controls({ stage, dashboard, service, signal }: Parts): Handler {
  return async (request) => {
    const { pathname } = new URL(request.url);
    if (isForeign(request)) return new Response("not from there\n", { status: 403 });
    if (request.method === "POST") return await act(stage, pathname, await request.text());
    if (pathname === "/state") return Response.json(stage.state());
    if (pathname === "/pools") return framed(await dashboard(request), signal);
    const file = FILES[pathname];
    return file ? await answer(...file) : await service(request);
  };
}

/** Other sites can send forms here. By a host name of theirs that leads here they could even read. */
function isForeign({ url, headers }: Request): boolean {
  const { hostname, origin } = new URL(url);
  if (hostname !== "127.0.0.1" && hostname !== "localhost") return true;
  const site = headers.get("sec-fetch-site") ?? "same-origin";
  // "none": typed in by the user.
  return !["same-origin", "none"].includes(site) || (headers.get("origin") ?? origin) !== origin;
}

async function act(stage: Stage, pathname: string, value: string): Promise<Response> {
  const usage = `POST /load 0 to ${MOST_PER_SECOND}, /outage on or off, /slow, /leak`;
  try {
    if (await stage.act(pathname.slice(1), value)) return Response.json(stage.state());
    return new Response(`${usage}\n`, { status: 400 });
  } catch (error) {
    return new Response(`${(error as Error).message}\n`, { status: 503 }); // of the pool, in an outage
  }
}

async function answer(name: string, type: string): Promise<Response> {
  const body = await Deno.readTextFile(new URL(`page/${name}`, import.meta.url));
  const headers = {
    "content-type": `${type}; charset=utf-8`,
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
  };
  return new Response(body, { headers });
}

/** A dashboard lets nobody frame it. This one is framed by our own page, which has the controls. */
function framed({ status, headers, body }: Response, signal: AbortSignal): Response {
  const ours = new Headers(headers);
  const policy = headers.get("content-security-policy");
  if (policy) {
    ours.set("content-security-policy", policy.replace("ancestors 'none'", "ancestors 'self'"));
    ours.set("x-frame-options", "SAMEORIGIN");
  }
  const endable = body && body.pipeThrough(new TransformStream(), { signal });
  return new Response(endable, { status, headers: ours });
}

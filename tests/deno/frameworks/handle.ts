// The handler of servers that speak of web-standard requests and responses.

import { versatile } from "../../../scopes/mod.ts";
import { streamed, work } from "./check.ts";

export async function handle(request: Request): Promise<Response> {
  const body = await request.json();
  if (request.url.endsWith("/work")) return Response.json(await work(body));
  return new Response(streamed(body, versatile.current()));
}

// A part of the service, which uses what is shared as if it had always been there.
import { greeting } from "./shared.ts";

export function handle(request: Request): Response {
  const { pathname } = new URL(request.url);
  if (pathname === "/hello") return new Response(String(greeting));
  return new Response("try /hello\n", { status: 404 });
}

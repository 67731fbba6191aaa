// The application: knows what the greeting is, and serves it.
import { handle } from "./routes.ts";
import { greeting } from "./shared.ts";

greeting.setObj("hello world!");

const port = Number(Deno.env.get("PORT") ?? 0);
export const server = Deno.serve({
  hostname: "127.0.0.1",
  port,
  onListen: ({ port }) => console.log(`http://127.0.0.1:${port}/hello (Ctrl-C ends)`),
}, handle);

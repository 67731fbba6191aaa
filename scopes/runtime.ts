// Tells the runtime.

/** Those that have a scope of their name. */
export type Runtime = "workers" | "deno" | "bun" | "node";

/** What they are called. */
export const TITLES: Readonly<Record<Runtime, string>> = {
  workers: "Cloudflare Workers",
  deno: "Deno",
  bun: "Bun",
  node: "Node",
};

interface Globals {
  navigator?: { userAgent?: string };
  Deno?: unknown;
  Bun?: unknown;
  process?: { versions?: { node?: string } };
}

/** Which one this is. All of them claim to be Node, more or less: it is asked last. */
export function runtime(): Runtime | undefined {
  const { navigator, Deno, Bun, process } = globalThis as Globals;
  if (navigator?.userAgent === "Cloudflare-Workers") return "workers";
  if (Deno !== undefined) return "deno";
  if (Bun !== undefined) return "bun";
  return process?.versions?.node === undefined ? undefined : "node";
}

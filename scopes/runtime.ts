// Runtime: detects which one this is.

/** The runtimes that have a scope of their name. */
export type Runtime = "workers" | "deno" | "bun" | "node";

/** Their names in messages. */
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

/** Detects the runtime. All of them resemble Node, so Node is tested last. */
export function runtime(): Runtime | undefined {
  const { navigator, Deno, Bun, process } = globalThis as Globals;
  if (navigator?.userAgent === "Cloudflare-Workers") return "workers";
  if (Deno !== undefined) return "deno";
  if (Bun !== undefined) return "bun";
  return process?.versions?.node === undefined ? undefined : "node";
}

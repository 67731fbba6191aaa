// Processes by their ids, as Linux tells of them.

/** All that this one has started, and what these have. */
export function descendants(pid: number): number[] {
  const children = pids().filter((one) => stat(one)?.parent === pid);
  return children.flatMap((child) => [child, ...descendants(child)]);
}

/** One that has ended, and whose parent has yet to hear of it, is not. */
export function isAlive(pid: number): boolean {
  const { state = "Z" } = stat(pid) ?? {};
  return state !== "Z";
}

function pids(): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter(Number.isInteger);
}

function stat(pid: number): { state: string; parent: number } | undefined {
  try {
    // After the name, which may hold anything but is in parentheses.
    const [, rest = ""] = Deno.readTextFileSync(`/proc/${pid}/stat`).split(/\) (?!.*\) )/);
    const [state = "", parent] = rest.split(" ");
    return { state, parent: Number(parent) };
  } catch {
    return undefined; // it has gone
  }
}

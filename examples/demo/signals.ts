// Ctrl-C and SIGTERM as an AbortSignal.

/** Why the demo stopped early. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super("interrupted");
    this.exitCode = exitCode;
  }
}

export interface Interrupt extends Disposable {
  signal: AbortSignal;
}

/** The first one asks for a clean end. The second finds no listener, and ends the process. */
export function onInterrupt(): Interrupt {
  const controller = new AbortController();
  const sigint = () => stop(130);
  const sigterm = () => stop(143);
  const unlisten = () => {
    Deno.removeSignalListener("SIGINT", sigint);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", sigterm);
  };
  const stop = (exitCode: number) => {
    unlisten();
    controller.abort(new Interrupted(exitCode));
  };
  Deno.addSignalListener("SIGINT", sigint);
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", sigterm);
  return { signal: controller.signal, [Symbol.dispose]: unlisten };
}

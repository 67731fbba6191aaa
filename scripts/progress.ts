// What the runner shows while it works: a moving line on a terminal, plain lines everywhere else.

const terminal = Deno.stdout.isTerminal() && !Deno.env.get("CI");
const CLEAR = "\r\x1b[K";
const SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏";

let ticker: ReturnType<typeof setInterval> | undefined;

function write(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** Prints a line that stays. */
export function say(line: string): void {
  write(`${terminal ? CLEAR : ""}${line}\n`);
}

/** On a terminal, keeps one line moving until `stop`; `text` is asked anew for every frame. */
export function show(text: () => string): void {
  if (!terminal) return;
  stop();
  let frame = 0;
  const { columns } = Deno.consoleSize();
  const draw = () =>
    write(CLEAR + `${SPINNER[frame++ % SPINNER.length]} ${text()}`.slice(0, columns - 1));
  draw();
  ticker = setInterval(draw, 100);
}

export function stop(): void {
  if (ticker === undefined) return;
  clearInterval(ticker);
  ticker = undefined;
  write(CLEAR);
}

export function seconds(since: number): string {
  return inSeconds(performance.now() - since);
}

export function inSeconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

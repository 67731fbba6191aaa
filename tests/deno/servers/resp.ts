// A Redis client that does no more than it must: without a queue of its own, a command that nobody
// waits for any longer leaves its reply to the next.

/** One connection. */
export class Resp {
  readonly #conn: Deno.TcpConn;
  #received = "";
  #reading: Promise<void> | undefined;

  static async connect(port: number): Promise<Resp> {
    return new Resp(await Deno.connect({ port, hostname: "127.0.0.1" }));
  }

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay();
  }

  /** Has the server say `text` again, which is whatever it says next; waits no longer than `signal`. */
  async echo(text: string, signal?: AbortSignal): Promise<string> {
    await this.#conn.write(new TextEncoder().encode(`ECHO "${text}"\r\n`));
    let end;
    while ((end = /^\$\d+\r\n(.*)\r\n/.exec(this.#received)) === null) {
      await orAborted(this.#read(), signal);
    }
    this.#received = this.#received.slice(end[0].length);
    return end[1]!;
  }

  close(): void {
    this.#conn.close();
  }

  /** One at a time: it goes on when whoever began it has gone. */
  #read(): Promise<void> {
    return this.#reading ??= this.#receive().finally(() => this.#reading = undefined);
  }

  async #receive(): Promise<void> {
    const buffer = new Uint8Array(1024);
    const size = await this.#conn.read(buffer);
    if (size === null) throw new Error("the server has closed the connection");
    this.#received += new TextDecoder().decode(buffer.subarray(0, size));
  }
}

async function orAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return await work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  work.catch(() => {}); // if nobody waits for it any longer
  signal.addEventListener("abort", abort);
  try {
    signal.throwIfAborted();
    await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

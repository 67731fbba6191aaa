// What the tests ask of a server, whichever it is, and how they tell that there is none.

/** One connection to it. */
export interface Connection {
  /** The server says `n` again. */
  echo(n: number): Promise<number>;
  /** The server takes that many ms to answer. */
  sleep(ms: number): Promise<unknown>;
  /** Has the server close it when it hears nothing for a second. */
  impatient(): Promise<unknown>;
  /** Takes its leave of the server if that listens, and waits until that has closed its side, too. */
  close(): Promise<void>;
}

/** A server, and one account on it that is the test's own. */
export interface Server extends AsyncDisposable {
  readonly port: number;
  readonly account: string;
  /** How many connections of that account the server itself counts. */
  count(): Promise<number>;
  /** Has the server terminate all of them. */
  terminate(): Promise<void>;
}

/** What the server of a kind is called, and how to come by one. */
export interface Kind {
  name: string;
  port: number;
  /** Its connections cannot be told to be impatient. */
  patient?: true;
  /** `size`: how many connections the account may have, where the server holds it to that. */
  open(size: number): Promise<Server>;
  /** Opens a connection of that account, perhaps through a link at that port. */
  connect(account: string, port: number): Promise<Connection>;
}

/** A name for an account or for connections that nobody else has. */
export function ownName(): string {
  return `proxypool_test_${crypto.randomUUID().slice(0, 8)}`;
}

/** A promise that a socket's end resolves, but no later than in `ms`: false. */
export function inTime(ended: Promise<unknown>, ms: number): Promise<boolean> {
  let late: ReturnType<typeof setTimeout>;
  const patience = new Promise<boolean>((resolve) => late = setTimeout(resolve, ms, false));
  return Promise.race([ended.then(() => true), patience]).finally(() => clearTimeout(late));
}

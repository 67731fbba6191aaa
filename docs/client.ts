// What the examples on these pages connect to: yours is the client of a driver.

/** One connection. */
export interface Client {
  /** As far as the driver knows. */
  readonly open: boolean;
  query(sql: string): Promise<string[]>;
  ping(): Promise<boolean>;
  end(): Promise<void>;
}

/** Connects, to nothing. */
export function connect(signal?: AbortSignal): Promise<Client> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  return Promise.resolve({
    open: true,
    query: (sql) => Promise.resolve([sql]),
    ping: () => Promise.resolve(true),
    end: () => Promise.resolve(),
  });
}

// Times: the time limits and intervals, in ms. Tests use others.

/** Their relations must hold: see `SETTINGS`. */
export interface Times {
  /** How long it may take to connect and set up a session. */
  connect: number;
  /** The time between two beats of a session. */
  beat: number;
  /** How long the answer to a statement may take. */
  answer: number;
  /** The mean time between two looks of a waiting process. */
  poll: number;
  /** How long each process in the queue leaves a free place to the one before it. */
  turn: number;
  /** How long free places rest after a session has disappeared. */
  grace: number;
  /** How long an unused session is kept. */
  linger: number;
  /** How long a process keeps a new place when others ask for it. */
  slice: number;
}

export const TIMES: Times = {
  connect: 5_000,
  beat: 5_000,
  answer: 10_000,
  poll: 1_000,
  turn: 30,
  grace: 500,
  linger: 10_000,
  slice: 100,
};

/**
 * Settings of the session. The server drops an unreachable client after 30 s at the earliest, 25 s
 * after the cut. The client notices the cut within `beat` + `answer`, 15 s: so it has 10 s to close
 * its objects.
 */
export const SETTINGS: Record<string, string> = {
  tcp_keepalives_idle: "15",
  tcp_keepalives_interval: "5",
  tcp_keepalives_count: "3",
  tcp_user_timeout: "30000",
  statement_timeout: "0",
  transaction_timeout: "0",
  lock_timeout: "0",
  idle_session_timeout: "0",
  idle_in_transaction_session_timeout: "0",
  // NOTIFY is a transaction that need not be on disk.
  synchronous_commit: "off",
};

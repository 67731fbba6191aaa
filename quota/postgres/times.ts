// Times: how long things may take, in ms. Tests have others.

/** What must hold: see `KEEPALIVE`. */
export interface Times {
  /** Until a session is connected and set up. */
  connect: number;
  /** Between two beats of a session. */
  beat: number;
  /** Until the server has answered one statement. */
  answer: number;
  /** Between two looks of who waits, on average. */
  poll: number;
  /** For how long the next one in the queue leaves a free place to the one before it. */
  turn: number;
  /** Until a place is used that a session may have left which was ended. */
  grace: number;
  /** For how long a session stays that is not used. */
  linger: number;
  /** For how long a process keeps a place that was just taken, when others ask for it. */
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
 * Settings of the session. The server gives up a client that it does not reach after 30 s at the
 * earliest, 25 s after it was cut off. The client has noticed that after at most `beat` + `answer`, 15
 * s: 10 s are left to close what it has.
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
  // NOTIFY is a transaction, which need not be on disk.
  synchronous_commit: "off",
};

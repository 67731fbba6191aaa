// What all phases ask the database, and how they put it together.

export interface Half {
  sum: number;
  /** Which transaction of which connection answered. PGlite has one process for all connections. */
  transaction: string;
}

/** The sum of the numbers from $1 to $2. */
export const HALF = `
  select coalesce(sum(i), 0)::int as sum, concat(pg_backend_pid(), ' since ', now()) as transaction
  from generate_series($1::int, $2::int) as i`;

export interface Answer {
  sum: number;
  transactions: string[];
}

export function joined(...halves: Half[]): Answer {
  return {
    sum: halves.reduce((sum, half) => sum + half.sum, 0),
    transactions: halves.map(({ transaction }) => transaction),
  };
}

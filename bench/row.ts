// Row: what one measurement found, and what it was to find.

export interface Row {
  /** What was done. */
  work: string;
  unit: "ns" | "bytes" | "ms";
  /** By competitor: "ours" and "limit" are two of them, all others are peers. */
  values: Record<string, number>;
  target?: Target;
}

/** Each that is given must hold. */
export interface Target {
  /** So many times as fast as the fastest peer, at least. */
  peer?: number;
  /** So many times the limit, at most. */
  limit?: number;
  /** So many units over the limit, at most. */
  over?: number;
  /** So many units, at most. */
  most?: number;
}

export interface Result {
  runtime: string;
  machine: string;
  date: string;
  rows: Row[];
}

/** How our value relates to the others. */
export interface Relation {
  ours: number;
  limit: number | undefined;
  /** The best of the peers. */
  peer: { name: string; value: number } | undefined;
}

export function relate({ values }: Row): Relation {
  const { ours = NaN, limit, ...others } = values;
  const peers = Object.entries(others).filter(([name]) => !name.startsWith("ours"));
  const [best] = peers.sort(([, a], [, b]) => a - b);
  return { ours, limit, peer: best && { name: best[0], value: best[1] } };
}

/** Whether each of a row's targets holds; undefined where there is none. */
export function holds(row: Row): boolean | undefined {
  const { target } = row;
  if (target === undefined) return undefined;
  const { ours, limit = NaN, peer } = relate(row);
  return (target.peer === undefined || peer!.value / ours >= target.peer) &&
    (target.limit === undefined || ours / limit <= target.limit) &&
    (target.over === undefined || ours - limit <= target.over) &&
    (target.most === undefined || ours <= target.most);
}

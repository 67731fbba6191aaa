// How a mutation is written down: in a file, one text is replaced.

export type Row = [name: string, from: string, to: string];

export type ByFile = Record<string, Row[]>;

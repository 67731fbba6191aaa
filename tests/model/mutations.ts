// Ways to break the library, each a replacement of a text that occurs once in its file. The tests, the
// model first of all, are to notice every one of them: `deno task test:mutants`.

import { LENDING } from "./mutations/lending.ts";
import { LIMITING } from "./mutations/limiting.ts";
import { MAKING } from "./mutations/making.ts";
import { CREATING } from "./mutations/outage.ts";
import { QUEUEING } from "./mutations/overload.ts";
import { RECYCLING } from "./mutations/recycling.ts";
import type { ByFile } from "./mutations/row.ts";
import { TELLING } from "./mutations/telling.ts";
import { USING } from "./mutations/using.ts";
import { WAITING } from "./mutations/waiting.ts";

/** One text of one file is replaced. */
export interface Mutation {
  name: string;
  file: string;
  from: string;
  to: string;
}

const BY_FILE: ByFile[] = [
  ...[LENDING, USING, WAITING, MAKING, TELLING],
  ...[CREATING, QUEUEING, RECYCLING, LIMITING],
];

export const MUTATIONS: Mutation[] = BY_FILE.flatMap((files) =>
  Object.entries(files).flatMap(([file, rows]) =>
    rows.map(([name, from, to]) => ({ name, file, from, to }))
  )
);

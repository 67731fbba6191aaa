// The process that is stopped: its arguments are the server, and what `frozen` takes.

import { frozen } from "./frozen.ts";
import { mariadb } from "./mariadb.ts";
import { postgres } from "./postgres.ts";
import { redis } from "./redis.ts";

const [name, ...args] = Deno.args;
const kind = [postgres, mariadb, redis].find((kind) => kind.name === name)!;
await frozen(kind, args);

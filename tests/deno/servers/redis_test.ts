// What befalls connections to a real Redis.

import { redis } from "./redis.ts";
import { register } from "./register.ts";
import { scenarios } from "./scenarios.ts";

await register(redis, scenarios(redis));

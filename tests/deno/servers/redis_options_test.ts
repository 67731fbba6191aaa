// The options of redisPool and ioredisPool: the driver's and the pool's in one object, and a hint for each
// that is meant otherwise.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { createClient } from "@redis/client";
import { Redis } from "ioredis";
import { ioredisPool, redisPool } from "../../../adapters/redis.ts";
import { KITS } from "./redis_kits.ts";
import { redis } from "./redis.ts";
import { whySkipped } from "./register.ts";

type Open = (options: unknown) => { stats(): { config: Record<string, unknown>; name: string } };

const POOLS: Record<string, Open> = {
  redisPool: (options) => redisPool(createClient, options as object),
  ioredisPool: (options) => ioredisPool(Redis, options as object),
};

const HINTS: Record<string, string> = {
  minimum: "minSize",
  maximum: "maxSize",
  acquireTimeout: "timeout",
  cleanupDelay: "maxAvailDelay",
  max: "maxSize",
  min: "minSize",
  acquireTimeoutMillis: "timeout",
  idleTimeoutMillis: "maxAvailDelay",
  destroy: "closer",
  validate: "health",
  testOnBorrow: "healthAfter",
  retter: "reset",
  closer: "the pool itself",
  maxSizes: "did you mean maxSize?",
  max_size: "maxSize",
};

/** All options of the drivers' own documentation. */
const THEIRS = {
  redisPool: `url socket username password database modules scripts functions keyPrefix RESP
    commandsQueueMaxLength readonly pingInterval commandOptions clientSideCache disableClientInfo
    clientInfoTag emitInvalidate maintNotifications maintEndpointType credentialsProvider
    maintRelaxedCommandTimeout maintRelaxedSocketTimeout himportRegistry`,
  ioredisPool: `host port path family keepAlive noDelay connectionName db username password
    autoResubscribe autoResendUnfulfilledCommands reconnectOnError readOnly stringNumbers tls
    connectTimeout commandTimeout socketTimeout blockingTimeout blockingTimeoutGrace keyPrefix
    maxRetriesPerRequest maxLoadingRetryTime enableAutoPipelining autoPipeliningIgnoredCommands
    enableReadyCheck lazyConnect scripts protocol replyMapping himportFieldsets Connector role
    sentinels sentinelRetryStrategy sentinelUsername sentinelPassword sentinelCommandTimeout
    enableTLSForSentinelMode sentinelTLS natMap updateSentinels sentinelMaxConnections
    sentinelReconnectStrategy failoverDetector preferredSlaves disableClientInfo clientInfoTag
    disconnectTimeout showFriendlyErrorStack`,
};

for (const [name, open] of Object.entries(POOLS)) {
  Deno.test(`${name} refuses what others call its options, and says what it is called here`, () => {
    for (const [option, hint] of Object.entries(HINTS)) {
      const { message } = assertThrows(() => open({ [option]: 1 }), TypeError) as Error;
      assert(message.startsWith(`${name}: unknown option "${option}": `), message);
      assert(message.includes(hint), message);
      open({ [option]: undefined });
    }
  });

  Deno.test(`${name} takes all options of the driver's`, () => {
    for (const option of THEIRS[name as keyof typeof THEIRS].split(/\s+/)) open({ [option]: 1 });
  });

  Deno.test(`${name} refuses what would have a client connect again by itself`, () => {
    const wrong = (options: object, text: string) =>
      assertThrows(() => open(options), TypeError, `${name}: leave ${text} out: `);
    const strategy = () => 100;
    wrong({ socket: { reconnectStrategy: strategy } }, "socket.reconnectStrategy");
    wrong({ retryStrategy: strategy }, "retryStrategy");
    wrong({ disableOfflineQueue: false }, "disableOfflineQueue");
    wrong({ enableOfflineQueue: true }, "enableOfflineQueue");
    wrong({ monitor: true }, "monitor");
    open({ socket: { reconnectStrategy: false }, retryStrategy: null, enableOfflineQueue: false });
    open({ disableOfflineQueue: true, monitor: false });
  });

  Deno.test(`${name} checks its options`, () => {
    const wrong = (options: unknown, text: string) =>
      assertThrows(() => open(options), Error, text);
    wrong({ reset: "all" }, `${name}: reset must be a function of the client, got "all"`);
    wrong({ maxSize: -1 }, "maxSize");
    wrong(undefined, `${name}: options must be an object, got undefined`);
    wrong("redis://", `${name}: options must be an object, got "redis://"`);
    assertEquals(open({}).stats().config.maxSize, 10);
    assertEquals(open(Object.create({ maxSize: 3, name: "mine" })).stats().name, "mine");
  });
}

Deno.test("redisPool and ioredisPool: each driver has its own", () => {
  const any = (fn: unknown) => fn as (driver: unknown, options: object) => void;
  for (const driver of [Redis, undefined, {}, "redis://"]) {
    assertThrows(() => any(redisPool)(driver, {}), TypeError, "For ioredis there is ioredisPool");
  }
  for (const driver of [createClient, undefined, { Redis }, class {}]) {
    assertThrows(
      () => any(ioredisPool)(driver, {}),
      TypeError,
      "For node-redis there is redisPool",
    );
  }
});

Deno.test("redisPool: what is no client of node-redis's is refused when it is made", async () => {
  const create = (() => ({ isReady: true })) as unknown as typeof createClient;
  await using pool = redisPool(create, { logLevel: "silent" });
  const error = await pool.use(() => {}).catch((error) => error);
  assert(`${error}`.includes("must return a client of node-redis 5 or later, got an object"));
});

const skipped = await whySkipped(redis);

for (const kit of KITS) {
  Deno.test({
    name: `${kit.name}: the pool's name is that of its clients at the server${skipped}`,
    ignore: skipped !== "",
    async fn() {
      await using pool = kit.open({ port: redis.port, name: "my pool" });
      const name = await pool.use((client) => kit.send(client, "CLIENT", "GETNAME"));
      assertEquals([name, pool.stats().name], ["my_pool", "my pool"]);
    },
  });
}

Deno.test("redisPool leaves the options as they are", async () => {
  const options = { url: "redis://127.0.0.1:1/3", socket: { connectTimeout: 50 }, maxSize: 1 };
  const before = structuredClone(options);
  await using pool = redisPool(createClient, { ...options, logLevel: "silent" });
  await pool.use(() => {}).catch(() => {});
  assertEquals(options, before);
});

// Names of options that the pool does not have: each is refused, and told its name here.

import { assert, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool, type PoolOptions } from "../mod.ts";

function refusal(options: unknown): string {
  const make = () => new Pool(() => ({}), options as PoolOptions<object>);
  return assertThrows(make, TypeError).message;
}

/** Asserts that each name is refused by a message with the name and with ours. */
function told(names: Record<string, string>, value: unknown): void {
  for (const [name, ours] of Object.entries(names)) {
    const message = refusal({ [name]: value });
    assert(message.includes(name), `${name} is not in: ${message}`);
    const whole = new RegExp(`(?<!["\\w])${ours}\\b(?!")`);
    assert(whole.test(message.replace(`"${name}"`, "")), `${ours} is not in: ${message}`);
    assert(!message.includes("the options are"), `not told, but given the whole list: ${message}`);
  }
}

describe("an unknown option", () => {
  it("is refused by its name, with the names there are", () => {
    const message = refusal({ banana: 1 });
    for (const part of ["banana", "maxSize", "minSize", "closer", "logger", "maxUsingDelayKill"]) {
      assert(message.includes(part), `${part} is not in: ${message}`);
    }
  });

  it("is refused also beside good ones", () => {
    assert(refusal({ maxSize: 2, banana: 1, minSize: 1 }).includes("banana"));
  });

  it("is told its name if it is a typing mistake", () => {
    told({
      maxsize: "maxSize",
      MaxSize: "maxSize",
      maxSise: "maxSize",
      minSze: "minSize",
      timout: "timeout",
      timeOut: "timeout",
      maxAvailDelais: "maxAvailDelay",
      closers: "closer",
      close: "closer",
      heatlh: "health",
      healthFrequ: "healthFreq",
      loglevel: "logLevel",
      loger: "logger",
      hkdelay: "hkDelay",
      maxUsingDelaysKill: "maxUsingDelayKill",
      discardOnErrors: "discardOnError",
    }, 1);
  });

  it("is told its name if it is the original's", () => {
    told({
      max_size: "maxSize",
      min_size: "minSize",
      max_use: "maxUse",
      max_avail_delay: "maxAvailDelay",
      max_using_delay: "maxUsingDelay",
      max_using_delay_kill: "maxUsingDelayKill",
      hk_delay: "hkDelay",
      health_freq: "healthFreq",
      log_level: "logLevel",
    }, 1);
  });

  it("is told its name if it is generic-pool's", () => {
    told({
      max: "maxSize",
      min: "minSize",
      maxWaitingClients: "maxWaiting",
      acquireTimeoutMillis: "timeout",
      idleTimeoutMillis: "maxAvailDelay",
      softIdleTimeoutMillis: "maxAvailDelay",
      destroyTimeoutMillis: "closeTimeout",
      evictionRunIntervalMillis: "hkDelay",
      testOnBorrow: "healthAfter",
    }, 1);
    told({ create: "fun", destroy: "closer", validate: "health" }, () => {});
  });

  it("is told its name if it is tarn's, lightning-pool's or pg-pool's", () => {
    told({
      createTimeoutMillis: "createTimeout",
      reapIntervalMillis: "hkDelay",
      log: "logger",
      houseKeepInterval: "hkDelay",
      maxQueue: "maxWaiting",
      minIdle: "minAvailable",
      reset: "retter",
      maxUses: "maxUse",
      connectionTimeoutMillis: "timeout",
      maxLifetimeSeconds: "maxLifetime",
    }, 1);
  });

  it("is told its name if it is another pool's for what is kept, made or tried again", () => {
    told({
      createRetryIntervalMillis: "createBackoff",
      propagateCreateError: "createRetry",
      fifo: "idleOrder",
      maxConnecting: "maxCreating",
      minimumIdle: "minAvailable",
      minIdleConns: "minAvailable",
      max_creating: "maxCreating",
      minavailable: "minAvailable",
      createBackof: "createBackoff",
      create_retry: "createRetry",
      queuetarget: "queueTarget",
      queueIntervall: "queueInterval",
      idle_order: "idleOrder",
    }, 1);
  });

  it("is told its name if it is a first guess", () => {
    told({
      ttl: "maxLifetime",
      idle: "maxAvailDelay",
      size: "maxSize",
      limit: "maxSize",
      poolSize: "maxSize",
      concurrency: "maxSize",
      retries: "createRetry",
      acquireTimeout: "timeout",
      connectTimeout: "createTimeout",
      acquire: "timeout",
      evict: "hkDelay",
      lifo: "idleOrder",
      factory: "fun",
      healthCheck: "health",
      test: "health",
      onClose: "closer",
      end: "closer",
      disconnect: "closer",
      disposer: "closer",
    }, 1);
    told({
      dispose: "closer",
      onDestroy: "closer",
      cleanup: "closer",
      ping: "health",
      check: "health",
      onAcquire: "getter",
      onRelease: "retter",
      onCreate: "opener",
      setup: "opener",
    }, () => {});
  });

  it("is no known one because all objects have it", () => {
    for (const name of ["toString", "constructor", "hasOwnProperty"]) {
      assert(refusal({ [name]: 1 }).includes(name));
    }
    assert(refusal(JSON.parse('{"__proto__": 1}')).includes("__proto__"));
  });
});

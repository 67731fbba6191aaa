// Core: what all parts of one pool share.

import { Bag } from "./bag.ts";
import { Clock } from "./clock.ts";
import { Hooks } from "./hooks.ts";
import { Log } from "./log.ts";
import type { Settings } from "./options.ts";
import { Totals } from "./totals.ts";

/** No more than that: what happens is decided elsewhere. */
export class Core<T> {
  /** What messages call the pool. */
  readonly name: string;
  readonly settings: Settings<T>;
  readonly totals = new Totals();
  readonly clock = new Clock();
  readonly bag = new Bag<T>();
  readonly log: Log;
  readonly hooks: Hooks<T>;
  /** An option in force needs to know since when objects are where they are. */
  readonly clocked: boolean;
  /** When the last object was picked or offered, by `clock.now()`, where that is so. */
  now = 0;

  constructor(name: string, settings: Settings<T>) {
    this.name = name;
    this.settings = settings;
    this.log = new Log(name, settings.logLevel, settings.logger);
    this.hooks = new Hooks(settings, this.totals, this.log);
    const { maxUsingDelay, maxUsingDelayKill, maxAvailDelay, maxLifetime, health } = settings;
    this.clocked = health !== undefined ||
      [maxUsingDelay, maxUsingDelayKill, maxAvailDelay, maxLifetime].some((delay) => delay > 0);
  }
}

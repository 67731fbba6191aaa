// Competitors: all of them, by name.

import type { Enter } from "./competitor.ts";
import { limit } from "./limit.ts";
import { ours } from "./ours.ts";
import { effectPool } from "./peers/effect_pool.ts";
import { genericPool } from "./peers/generic_pool.ts";
import { lightningPool } from "./peers/lightning_pool.ts";
import { sequelizePool } from "./peers/sequelize_pool.ts";
import { tarn } from "./peers/tarn.ts";

export type Entries = Record<string, Enter>;

export const PEERS: Entries = {
  "generic-pool": genericPool,
  tarn,
  "lightning-pool": lightningPool,
  "sequelize-pool": sequelizePool,
  "Effect's Pool": effectPool,
};

/** Ours by `get`. */
export const ALL: Entries = { limit, ours, ...PEERS };

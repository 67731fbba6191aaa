// Packages of npm, side by side in one directory, as a project has them: peers find each other there.

import { npmInstall } from "./fetch.ts";
import { madeOnce } from "./once.ts";
import map from "../import_map.json" with { type: "json" };

export type Name = keyof typeof map.imports;

/** What only Deno or a script uses, and what is built where it is installed. */
const APART =
  /^(@(deno|std|grafana|electric-sql|prometheus-io)|axe-core|effect|esbuild|lightning-pool|mitata|pg-native|sequelize|tarn|typescript)\b/;
/** Another version of it is what TypeORM has for a peer. */
const IOREDIS = /^(ioredis|bullmq)$/;
const REDIS = /^(@redis\/client|redis|ioredis|bullmq)$/;

/** What is installed side by side: few sets, since each takes seconds, and half of it would be in many. */
const SETS: Name[][] = [
  ownNames().filter((name) => !IOREDIS.test(name)),
  ownNames().filter((name) => REDIS.test(name)),
];

/** A directory with these packages, and others; installed once. `built`: by their own scripts, and no others. */
export async function installedBeside(names: readonly Name[], built = false): Promise<string> {
  if (built) return await installed(names, built);
  const set = SETS.find((set) => names.every((name) => set.some((one) => isOf(one, name))));
  if (set === undefined) throw new Error(`no set of scripts/packages.ts has all of ${names}`);
  return await installed(set);
}

/** Installs what most tests of npm's packages want. */
export async function installAll(): Promise<void> {
  await Promise.all(SETS.map((set) => installed(set)));
}

/** Those that import_map.json has under their own names, not two versions of one. */
function ownNames(): Name[] {
  return (Object.keys(map.imports) as Name[]).filter((name) =>
    !APART.test(name) && map.imports[name].startsWith(`npm:${packageOf(name)}@`)
  );
}

function isOf(one: Name, other: Name): boolean {
  return specifier(one) === specifier(other);
}

function packageOf(name: string): string {
  return name.split("/").slice(0, name.startsWith("@") ? 2 : 1).join("/");
}

function specifier(name: Name): string {
  return map.imports[name].replace(/^npm:(@?[^@]+@[^/]+).*/, "$1");
}

async function installed(names: readonly Name[], built = false): Promise<string> {
  const wanted = [...new Set(names.map(specifier))];
  const home = `${Deno.cwd()}/.cache/packages/${await digest([...wanted, built].join())}`;
  await madeOnce(home, (part) => npmInstall(part, wanted, built));
  return home;
}

/** A name for a text: the same for the same. */
export async function digest(text: string): Promise<string> {
  const bytes = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return [...new Uint8Array(bytes).slice(0, 6)].map((n) => n.toString(16).padStart(2, "0")).join(
    "",
  );
}

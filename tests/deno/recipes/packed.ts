// Copies a recipe into an empty folder beside the packed library and the packages that its head names.

import config from "../../../deno.json" with { type: "json" };
import map from "../../../import_map.json" with { type: "json" };
import { npm, packSources } from "../../../scripts/npm/pack.ts";
import { madeOnce } from "../../../scripts/once.ts";
import { librarySources } from "../../../scripts/sources.ts";
import { digest, installedBeside, type Name } from "../../../scripts/packages.ts";

const RECIPES = new URL("../../../examples/recipes/", import.meta.url).pathname;
const LIBRARY = config.name;

/** What a recipe's head tells its reader to do, but for the runtimes. */
const HEAD = /^\/\/ Run it: npm install (?<names>.+) && node (?<file>\S+)(?<others>.*)$/m;

/** All that is under that path is linked to by another name. */
type Links = Record<string, string>;

/** Gives the folder, which `remove` removes. */
export async function copied(recipe: string): Promise<{ dir: string; remove(): Promise<void> }> {
  const dir = await Deno.makeTempDir();
  await copyInto(dir, recipe);
  return { dir, remove: () => Deno.remove(dir, { recursive: true }) };
}

/** As its reader has it, once there is such a folder. */
export async function copyInto(dir: string, recipe: string): Promise<void> {
  const links = await linksOf(recipe);
  await Deno.writeTextFile(`${dir}/package.json`, '{ "type": "module" }');
  for (const file of filesOf(recipe)) await Deno.copyFile(`${RECIPES}${file}`, `${dir}/${file}`);
  for (const [name, target] of Object.entries(links)) {
    const path = `${dir}/node_modules/${name}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.symlink(target, path);
  }
}

/** The packages that it is to have, and no others. */
async function linksOf(recipe: string): Promise<Links> {
  const [library, ...others] = packagesOf(recipe);
  if (library !== LIBRARY) throw new Error(`${recipe}: its head must install ${LIBRARY} first`);
  const links: Links = { [LIBRARY]: `${await packed()}/node_modules/${LIBRARY}` };
  if (others.length === 0) return links;
  const home = await installedBeside(others.map(nameOf));
  for (const name of others) links[name] = `${home}/node_modules/${name}`;
  return links;
}

function packagesOf(recipe: string): string[] {
  const { names, file } = headOf(recipe) ?? {};
  if (names !== undefined && file === recipe) return names.split(" ");
  throw new Error(`${recipe}: its head must say "Run it: npm install … && node ${recipe}"`);
}

function headOf(recipe: string) {
  return HEAD.exec(Deno.readTextFileSync(RECIPES + recipe))?.groups;
}

/** Those that have a head: the others are beside one of these. */
export function recipes(): { file: string; others: string }[] {
  return [...Deno.readDirSync(RECIPES)].map(({ name }) => name).sort()
    .flatMap((file) => {
      const { others } = headOf(file) ?? {};
      return others === undefined ? [] : [{ file, others }];
    });
}

/** By which import_map.json has it, perhaps by a part of it. */
function nameOf(name: string): Name {
  const found = Object.entries(map.imports).find(([, at]) => at.startsWith(`npm:${name}@`));
  if (found === undefined) throw new Error(`import_map.json has no version of ${name}`);
  return found[0] as Name;
}

/** The recipe, and what it names that is beside it. */
function filesOf(file: string, files: Set<string> = new Set()): Set<string> {
  if (files.has(file)) return files;
  files.add(file);
  const text = Deno.readTextFileSync(RECIPES + file);
  for (const [, other = ""] of text.matchAll(/"\.\/(\w+\.ts)"/g)) filesOf(other, files);
  return files;
}

/** A folder where the library is installed, as these sources pack it; made once for them. */
async function packed(): Promise<string> {
  const sources = [...librarySources(), "deno.json"].map((file) => Deno.readTextFileSync(file));
  const home = `${Deno.cwd()}/.cache/packed/${await digest(sources.join())}`;
  await madeOnce(home, async (part) => {
    await Deno.writeTextFile(`${part}/package.json`, '{ "private": true }');
    const tarball = await packSources(part);
    const flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--no-package-lock"];
    await npm("install", "--offline", "--prefix", part, ...flags, tarball);
  });
  return home;
}

// What package.json says: once, for dnt, which makes what is released, and for what is tested.

import config from "../../deno.json" with { type: "json" };

/** A package.json, as far as it concerns us. */
export interface Manifest {
  name: string;
  version: string;
  type: "module";
  license: string;
  description: string;
  keywords: string[];
  sideEffects: false;
  engines: Record<string, string>;
  exports: Record<string, Target>;
  repository?: { type: "git"; url: string };
}

/** `default` is for `import` and for `require` alike. */
export interface Target {
  types: string;
  default: string;
}

/** What there is to import, by its name in `exports`, and its source. */
export const entryPoints: [name: string, source: string][] = Object.entries(config.exports);

/** Where `dir` holds the modules as they are called here, but as JavaScript. */
export function manifest(dir: "." | "./esm"): Manifest {
  const target = (source: string): Target => {
    const path = source.replace(/^\./, dir).replace(/\.ts$/, "");
    return { types: `${path}.d.ts`, default: `${path}.js` };
  };
  return {
    name: config.name,
    version: config.version,
    type: "module",
    license: config.license,
    description:
      "Lends out few expensive objects (Pool), and names them before they exist (Proxy): " +
      "for Deno, Node, Bun and Cloudflare Workers, without a dependency",
    keywords: ["pool", "proxy", "connection-pool", "resource-pool", "scope", "async-context"],
    // Nothing is done on import that anybody could miss: bundlers may leave out what is not used.
    sideEffects: false,
    // The first with process.getBuiltinModule; `require` of it works from 20.19 and 22.12 on.
    engines: { node: "^20.16.0 || >=22.3.0" },
    exports: Object.fromEntries(entryPoints.map(([name, source]) => [name, target(source)])),
    ...repository(),
  };
}

/** Where a workflow of GitHub builds it: npm's provenance is refused for a package of elsewhere. */
function repository(): Pick<Manifest, "repository"> {
  const name = Deno.env.get("GITHUB_REPOSITORY");
  const server = Deno.env.get("GITHUB_SERVER_URL") ?? "https://github.com";
  return name ? { repository: { type: "git", url: `git+${server}/${name}.git` } } : {};
}

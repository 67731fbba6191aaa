// Holds the library to its import graph: arrows point one way, nothing from outside, no cycle.

/** Who may import what: the first row that fits a file counts. Types count as much as values. */
const ARROWS: [from: RegExp, to: RegExp][] = [
  [/^mod\.ts$/, /./],
  [/^proxy\.ts$/, /^(proxy|scopes|pool)\/|^(pool|forward|errors|values|context|disposal)\.ts$/],
  [/^proxy\//, /^(proxy|scopes|pool)\/|^(pool|forward|handed|errors|values|context|disposal)\.ts$/],
  [/^forward\.ts$/, /^(handed|values)\.ts$/],
  [/^pool\.ts$/, /^pool\/|^(errors|values|disposal)\.ts$/],
  [/^pool\/lease\.ts$/, /^pool\/|^(forward|handed|errors|disposal)\.ts$/],
  [/^pool\//, /^pool\/|^(errors|values|context|disposal)\.ts$/],
  [/^compat\//, /^(compat|pool)\/|^(pool|errors|values)\.ts$/],
  [/^adapters\//, /^(adapters|pool)\/|^(pool|errors|values|disposal)\.ts$/],
  [/^quota\//, /^(quota|pool)\/|^(pool|errors|values|context|disposal)\.ts$/],
  [/^observe\//, /^(observe|pool)\/|^(pool|errors|values|context|disposal)\.ts$/],
  [/^scopes\//, /^scopes\/|^(errors|values|context|disposal)\.ts$/],
];

/** The imports of each file, by path; what is not of the library stays as it is written. */
export type Graph = Map<string, string[]>;

/** What `deno info` knows of the graph of `entries`. */
export async function readGraph(entries: string[]): Promise<Graph> {
  const graph: Graph = new Map();
  for (const entry of entries) {
    for (const { specifier, dependencies = [] } of await modules(entry)) {
      graph.set(path(specifier), dependencies.map(target));
    }
  }
  return graph;
}

interface Module {
  specifier: string;
  dependencies?: Dependency[];
}

interface Dependency {
  specifier: string;
  code?: { specifier?: string };
  type?: { specifier?: string };
}

async function modules(entry: string): Promise<Module[]> {
  const args = ["info", "--json", "--import-map=tests/std/import_map.json", entry];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).modules
    .filter(({ specifier }: Module) => specifier.startsWith("file:"));
}

function target({ specifier, code, type }: Dependency): string {
  const resolved = code?.specifier ?? type?.specifier;
  return resolved?.startsWith("file:") ? path(resolved) : specifier;
}

function path(url: string): string {
  return decodeURIComponent(url).replace(/^file:\/\/\/?/, "/").replace(`${root()}/`, "");
}

function root(): string {
  return Deno.cwd().replaceAll("\\", "/").replace(/^(?!\/)/, "/");
}

/** What is wrong with the graph, a line each. */
export function faults(graph: Graph): string[] {
  return [...wrongArrows(graph), ...cycles(graph)];
}

function wrongArrows(graph: Graph): string[] {
  return [...graph].flatMap(([from, imports]) => {
    const allowed = ARROWS.find(([files]) => files.test(from))?.[1];
    return imports.flatMap((to) => {
      if (!graph.has(to)) return `${from} imports ${to}: the library has no dependencies`;
      return allowed?.test(to) ? [] : `${from} imports ${to}: that arrow points the wrong way`;
    });
  });
}

function cycles(graph: Graph): string[] {
  const done = new Set<string>();
  const visit = (file: string, above: string[]): string[] => {
    const start = above.indexOf(file);
    if (start >= 0) return [`cycle: ${[...above.slice(start), file].join(" -> ")}`];
    if (done.has(file)) return [];
    const found = (graph.get(file) ?? []).flatMap((next) => visit(next, [...above, file]));
    done.add(file);
    return found;
  };
  return [...graph.keys()].flatMap((file) => visit(file, []));
}

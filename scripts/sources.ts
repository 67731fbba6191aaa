// Which files of this repository are what: library sources, tests, and the files with examples.

/** The library: what users get. Only those that exist. */
export function librarySources(): string[] {
  const files = [
    "mod",
    "pool",
    "proxy",
    "forward",
    "handed",
    "context",
    "disposal",
    "values",
    "errors",
  ]
    .map((name) => `${name}.ts`).filter(exists);
  return [
    ...files,
    ...["pool", "proxy", "scopes", "compat", "adapters", "observe"].flatMap((dir) =>
      find(dir, ".ts")
    ),
  ];
}

/** Every file with tests, in a fixed order. */
export function testFiles(): string[] {
  return find("tests", "_test.ts");
}

/** Every file whose examples are run. */
export function documents(): string[] {
  return [...librarySources(), ...pages()];
}

/** What is written for people to read. */
export function pages(): string[] {
  const top = ["README", "CHANGELOG", "CONTRIBUTING", "SECURITY"].map((name) => `${name}.md`);
  return [
    ...top.filter(exists),
    ...["docs", "examples", "bench"].flatMap((dir) => find(dir, ".md")),
  ];
}

export function find(dir: string, suffix: string): string[] {
  if (!exists(dir)) return [];
  return [...Deno.readDirSync(dir)].flatMap((entry) => {
    const path = `${dir}/${entry.name}`;
    if (entry.isDirectory) return find(path, suffix);
    return entry.name.endsWith(suffix) ? [path] : [];
  }).sort();
}

export function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch {
    return false;
  }
}

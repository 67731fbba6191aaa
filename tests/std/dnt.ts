// Stands for @deno/dnt where JSR is out of reach, to check scripts/build_npm.ts against: the options
// of version 0.43.2 that it uses. It builds nothing.

export interface EntryPoint {
  name?: string;
  path: string;
}

export type Lib = "ES2022" | "DOM" | "ESNext.Disposable";

/** By dnt's own list, of which more than these are known. */
export interface CompilerOptions {
  target?: "ES2022" | "ES2023" | "Latest";
  lib?: Lib[];
  noImplicitReturns?: boolean;
  noUncheckedIndexedAccess?: boolean;
  useUnknownInCatchVariables?: boolean;
}

export interface PackageJson {
  name: string;
  version: string;
  description?: string;
  keywords?: string[];
  license?: string;
  repository?: string | { type: string; url: string; directory?: string };
  engines?: { [name: string]: string };
  [field: string]: unknown;
}

export interface BuildOptions {
  entryPoints: (string | EntryPoint)[];
  outDir: string;
  shims: Record<string, never>;
  package: PackageJson;
  esModule?: boolean;
  scriptModule?: "cjs" | "umd" | false;
  declaration?: "inline" | "separate" | false;
  typeCheck?: "both" | "single" | false;
  test?: boolean;
  polyfills?: boolean;
  configFile?: string | false;
  skipNpmInstall?: boolean;
  skipSourceOutput?: boolean;
  compilerOptions?: CompilerOptions;
  postBuild?(): void | Promise<void>;
}

export function build(_options: BuildOptions): Promise<void> {
  return missing();
}

export function emptyDir(_dir: string): Promise<void> {
  return missing();
}

function missing(): Promise<never> {
  return Promise.reject(
    new Error("dnt is on JSR, which is out of reach: run this where it is not"),
  );
}

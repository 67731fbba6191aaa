// Builds the package for npm into .cache/npm, with dnt, as the release does.
//
// One format, ESM: every Node that this library runs on and that is still maintained can `require` it
// (20.19, 22.12 and up), and a package in two formats would be two libraries in one process, with two
// sets of scopes and of error classes.
//
// Its limits: dnt is on JSR alone. Where that is out of reach, this script is only checked against the
// part of dnt's options that it uses, written down in tests/std/dnt.ts by version 0.43.2, and it is
// `deno pack`'s output of the same sources that `deno task test:npm` tests. The release tests what
// comes from here: `deno task test:npm --package .cache/npm`.

import { build, emptyDir } from "@deno/dnt";
import { finish } from "./npm/finish.ts";
import { entryPoints, manifest } from "./npm/manifest.ts";
import config from "../deno.json" with { type: "json" };

const OUT = ".cache/npm";
const package_ = manifest("./esm");

await emptyDir(OUT);
await build({
  entryPoints: entryPoints.map(([name, path]) => ({ name, path })),
  outDir: OUT,
  package: { ...package_ },
  esModule: true,
  scriptModule: false,
  declaration: "inline",
  typeCheck: "single",
  // The sources are pure web standard.
  shims: {},
  polyfills: false,
  // They import nothing, so there is nothing to map or to install.
  configFile: false,
  skipNpmInstall: true,
  skipSourceOutput: true,
  // The suite runs on the package, installed.
  test: false,
  compilerOptions: {
    target: "ES2022",
    lib: ["ES2022", "DOM", "ESNext.Disposable"],
    noImplicitReturns: config.compilerOptions.noImplicitReturns,
    noUncheckedIndexedAccess: config.compilerOptions.noUncheckedIndexedAccess,
    useUnknownInCatchVariables: config.compilerOptions.useUnknownInCatchVariables,
  },
  async postBuild() {
    // It repeats the type, hides `sideEffects` from bundlers, and so keeps them from leaving things out.
    await Deno.remove(`${OUT}/esm/package.json`);
    await finish(OUT, package_);
  },
});

// What keeps a process alive, in real processes of every runtime that the suite has fetched.

import { assertEquals } from "@std/assert";
import { build, stop } from "esbuild";
import { pathOf } from "../../scripts/fetch.ts";
import { RUNTIMES } from "../../scripts/runtimes.ts";

const POOL = new URL("../../mod.ts", import.meta.url).pathname;

/** Each program prints what it saw; how long it lives says the rest. */
const PROGRAMS: Record<string, { source: string; prints: string }> = {
  "a waiting get keeps the process alive, until its timeout": {
    source: `
      const pool = new Pool(() => ({}), { maxSize: 1, timeout: 300, logLevel: "silent" });
      const lease = await pool.get();
      await pool.get().catch((error) => console.log(error.name));
      globalThis.kept = lease;
    `,
    prints: "PoolTimeoutError",
  },
  "neither housekeeping nor a refill that rests keeps the process alive": {
    source: `
      const options = { maxAvailDelay: 60_000, maxUsingDelay: 60_000, logLevel: "silent" };
      const pool = new Pool(() => ({}), options);
      const lease = await pool.get();
      await pool.ret(await pool.get());
      const failing = new Pool(() => { throw new Error("no"); }, { minSize: 1, logLevel: "silent" });
      await failing.ready().catch(() => {});
      globalThis.kept = [pool, lease, failing];
      console.log("done");
    `,
    prints: "done",
  },
  "a get that was served keeps nothing alive": {
    source: `
      const pool = new Pool(() => ({}), { maxSize: 1, timeout: 60_000 });
      const first = await pool.get();
      const second = pool.get();
      await pool.ret(first);
      globalThis.kept = await second;
      console.log("done");
    `,
    prints: "done",
  },
};

async function bundled(source: string, target: string): Promise<string> {
  const file = await Deno.makeTempFile({ suffix: ".mjs" });
  await build({
    stdin: {
      contents: `import { Pool } from ${JSON.stringify(POOL)};\n${source}`,
      resolveDir: ".",
    },
    bundle: true,
    format: "esm",
    target,
    outfile: file,
    logLevel: "silent",
  });
  return file;
}

interface Program {
  label: string;
  command: string[];
  target: string;
  there: boolean;
}

function programs(): Program[] {
  // workerd serves: it does not end by itself.
  const ending = RUNTIMES.filter(({ usual, together }) => usual && !together);
  return ending.map(({ label, binary, target }) => {
    if (binary === undefined) {
      return { label, command: [Deno.execPath(), "run"], target, there: true };
    }
    const path = pathOf(binary);
    return { label, command: [path], target, there: exists(path) };
  });
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

for (const [name, { source, prints }] of Object.entries(PROGRAMS)) {
  for (const { label, command, target, there } of programs()) {
    Deno.test({
      name: `${label}: ${name}`,
      ignore: !there,
      async fn() {
        const file = await bundled(source, target);
        await stop();
        const [program = "", ...args] = command;
        const signal = AbortSignal.timeout(10_000); // far less than what must not keep it alive
        const { code, stdout, stderr } = await new Deno.Command(program, {
          args: [...args, file],
          signal,
          env: { NO_COLOR: "1" },
        }).output();
        await Deno.remove(file);
        const text = new TextDecoder();
        assertEquals([text.decode(stdout).trim(), code], [prints, 0], text.decode(stderr));
      },
    });
  }
}

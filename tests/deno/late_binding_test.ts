// The example of late binding as its user meets it: over HTTP, and imported in every order.

import { assertEquals, assertMatch } from "@std/assert";

const EXAMPLE = new URL("../../examples/late_binding/", import.meta.url);
const MODULES = ["shared.ts", "routes.ts", "main.ts"];

function deno(args: string[]): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args,
    env: { PORT: "0", NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
}

async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  let seen = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    seen += text;
    if (seen.includes("\n")) break;
  }
  return seen;
}

function orders(modules: string[]): string[][] {
  if (modules.length < 2) return [modules];
  return modules.flatMap((first) =>
    orders(modules.filter((other) => other !== first)).map((rest) => [first, ...rest])
  );
}

/** A program that imports in that order, and asks the service. */
function program(order: string[]): string {
  const imports = order.map((file) => `await import("${new URL(file, EXAMPLE)}");`).join("\n");
  return `${imports}
    const { server } = await import("${new URL("main.ts", EXAMPLE)}");
    const response = await fetch("http://127.0.0.1:" + server.addr.port + "/hello");
    console.log(await response.text());
    await server.shutdown();`;
}

Deno.test("late binding: the service says hello", async () => {
  await using child = deno(["task", "--quiet", "example:late-binding"]).spawn();
  const [url = ""] = (await firstLine(child.stdout)).match(/http:\S+/) ?? [];
  assertEquals(await (await fetch(url)).text(), "hello world!");
  const lost = await fetch(new URL("/", url));
  assertEquals([lost.status, await lost.text()], [404, "try /hello\n"]);
  child.kill("SIGTERM");
  await child.stderr.cancel();
});

for (const order of orders(MODULES)) {
  Deno.test(`late binding: imported in the order ${order.join(", ")}`, async () => {
    const { code, stdout, stderr } = await deno(["eval", program(order)]).output();
    const text = new TextDecoder();
    assertEquals(code, 0, text.decode(stderr));
    assertMatch(text.decode(stdout), /^hello world!$/m);
  });
}

// Each message of the library is in docs/errors.md, with its kind, and nothing else is.

import { assertEquals } from "@std/assert";
import { librarySources } from "../../scripts/sources.ts";
import { prose, readPage, spans } from "../helpers/markdown.ts";
import { type Message, messagesOf } from "../helpers/messages.ts";

/** An item of the page: "- `kind` `text`". */
const ITEM = /^- `([\w.]+)`\s+`([^`]+)`$/gm;

function told(): Message[] {
  return [...prose(readPage("docs/errors.md")).matchAll(ITEM)]
    .map(([, kind = "", text = ""]) => ({ kind, text }));
}

function inWords(messages: Message[]): string[] {
  return [...new Set(messages.map(({ kind, text }) => `${kind}: ${text}`))].sort();
}

Deno.test("docs/errors.md has each message that the library throws, logs and shows, and no other", () => {
  assertEquals(inWords(told()), inWords(librarySources().flatMap(messagesOf)));
});

Deno.test("docs/errors.md has each message once", () => {
  assertEquals(inWords(told()).length, told().length);
});

Deno.test("docs/observability.md: the lines that deserve an alert are messages of the log", () => {
  const [, alerts = ""] = prose(readPage("docs/observability.md")).split("do so for");
  const lines = spans(alerts.split("\n\n")[0]!);
  assertEquals(lines.length, 3);
  const logged = told().filter(({ kind }) => kind === "warn");
  assertEquals(lines.filter((line) => !logged.some(({ text }) => text.includes(line))), []);
});

Deno.test("messages are found however they are put together", async () => {
  const path = await Deno.makeTempFile({ suffix: ".ts" });
  await Deno.writeTextFile(
    path,
    `const why = \`a \${b ? \`\${c} d\` : "e"} \` + "f";
    log.warn(() => "a" + \`\${b}\`);
    new RangeError(why + ["g"].join());
    new Label("[h]");
    log.info(() => { const k = l(); return \`m \${k}\`; });
    function n() { return \`o \${p}\`; }
    log.debug(() => n());
    console.error(\`\${i} j\`, k);`,
  );
  assertEquals(messagesOf(path), [
    { kind: "warn", text: "a…" },
    { kind: "RangeError", text: "a … f…" },
    { kind: "shown", text: "[h]" },
    { kind: "info", text: "m …" },
    { kind: "debug", text: "o …" },
    { kind: "console.error", text: "… j" },
  ]);
  await Deno.remove(path);
});

// What a dashboard answers: the page at any path, its headers, and refusals.

import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "@std/testing/bdd";
import { Pool } from "../mod.ts";
import { dashboard } from "../observe/dashboard.ts";
import { PAGE } from "../observe/dashboard/page.ts";

const things = () => new Pool(() => ({}), { name: "things" });
const show = dashboard(things());

function ask(path: string, init?: RequestInit): Promise<Response> {
  return show(new Request(`http://localhost${path}`, init));
}

async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `'sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}'`;
}

describe("the page of a dashboard", () => {
  it("is at any path, with and without a slash at its end", async () => {
    for (const path of ["/", "/pools", "/admin/pools/", "/admin/pools?who=me", "/v1.2/pools"]) {
      const response = await ask(path, { headers: { accept: "text/html,*/*;q=0.8" } });
      assertEquals([response.status, await response.text()], [200, PAGE]);
      assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    }
  });

  it("may load and run nothing but what is in it", async () => {
    const { headers } = await ask("/");
    const policy = new Map(
      headers.get("content-security-policy")!.split("; ").map((part) => {
        const [name = "", ...values] = part.split(" ");
        return [name, values.join(" ")];
      }),
    );
    const [, style = ""] = /<style>([^]*?)<\/style>/.exec(PAGE)!;
    const [, script = ""] = /<script type="module">([^]*?)<\/script>/.exec(PAGE)!;
    assertEquals(Object.fromEntries(policy), {
      "default-src": "'none'",
      "script-src": await hash(script),
      "style-src": await hash(style),
      "connect-src": "'self'",
      "img-src": "data:",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    assertEquals(PAGE.match(/<script/g)!.length, 1);
    assertEquals(PAGE.match(/\b(?:https?:)?\/\/[\w.]+\.\w+/g), ["http://www.w3.org"]); // a namespace
    assert(!/ style="| on\w+="|innerHTML|insertAdjacentHTML|document\.write/.test(PAGE));
  });

  it("says to browsers what may be done with it", async () => {
    const { headers } = await ask("/");
    assertEquals(
      ["x-content-type-options", "referrer-policy", "x-frame-options", "cache-control"]
        .map((name) => headers.get(name)),
      ["nosniff", "no-referrer", "DENY", "no-cache"],
    );
  });

  it("is to be had by GET and HEAD, and by nothing else", async () => {
    for (const path of ["/", "/?events="]) {
      const head = await ask(path, { method: "HEAD" });
      assertEquals([head.status, head.body], [200, null]);
      for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"]) {
        const response = await ask(path, { method });
        assertEquals([response.status, response.headers.get("allow")], [405, "GET, HEAD"]);
      }
    }
  });

  it("has no files beside it", async () => {
    for (const path of ["/favicon.ico", "/pools/client.js", "/pools/client.js.map?x"]) {
      assertEquals((await ask(path)).status, 404);
    }
  });

  it("is for those who accept what it is", async () => {
    const status = async (path: string, accept: string) => {
      const response = await ask(path, { headers: { accept } });
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await status("/", "application/json"), 406);
    assertEquals(await status("/?events=", "text/html"), 406);
    for (const accept of ["*/*", "text/*;q=0.5", "application/json, TEXT/HTML;q=0.1"]) {
      assertEquals(await status("/", accept), 200);
    }
  });

  it("has events that nobody is to store, hold back or compress", async () => {
    const { body, headers } = await ask("/?events=");
    await body!.cancel();
    assertEquals(headers.get("content-type"), "text/event-stream; charset=utf-8");
    assertEquals(headers.get("cache-control"), "no-store, no-transform");
    assertEquals(headers.get("x-accel-buffering"), "no");
  });
});

describe("dashboard()", () => {
  it("takes a pool, several, or a function that gives these", async () => {
    const pool = things();
    const list = [pool, things()];
    for (const pools of [pool, list, new Set(list), list.values(), () => pool, () => list]) {
      const response = await dashboard(pools)(new Request("http://localhost/?events="));
      const reader = response.body!.getReader();
      assertMatch(new TextDecoder().decode((await reader.read()).value), /"name":"things"/);
      await reader.cancel();
    }
  });

  it("takes no pool for a pool that is none", async () => {
    for (const pools of [undefined, null, 1, "pools", {}, [{}], new Map([["a", things()]])]) {
      assertThrows(() => dashboard(pools as never), TypeError, "a Pool is needed, got");
    }
    const late = dashboard(() => [{}] as never);
    await assertRejects(
      () => late(new Request("http://localhost/?events=")),
      TypeError,
      "a Pool is needed, got an object",
    );
  });

  it("answers requests as the web has them", async () => {
    for (const request of [undefined, { url: "/", headers: {} }]) {
      await assertRejects(
        () => show(request as never),
        TypeError,
        "answers a web-standard Request",
      );
    }
  });
});

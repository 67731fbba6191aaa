// Each query in the documentation and in the dashboard is one, and asks for what the exporter gives.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Pool } from "../../../mod.ts";
import { observeMetrics } from "../../../observe/otel.ts";
import { grafana } from "../../../scripts/grafana.ts";
import { readPage, spans, tables } from "../../helpers/markdown.ts";
import { expressions, namesIn } from "./promql.ts";
import { Scraped } from "./scraped.ts";

/** What Prometheus gets of a pool. */
async function scrape(): Promise<string[]> {
  await using scraped = await Scraped.start();
  await using pool = new Pool(() => ({}), { name: "p", maxSize: 1 });
  using _metrics = observeMetrics(pool, { meter: scraped.meter });
  await pool.use(() => {});
  return (await scraped.scrape()).split("\n").filter((line) => /^db_/.test(line));
}

const loose = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "PromQL: each query parses, and names metrics and labels that the exporter gives",
  ...loose,
  async fn() {
    const lines = await scrape();
    const metrics = new Set(lines.map((line) => line.replace(/\{.*/, "")));
    const labels = new Set(
      lines.flatMap((line) => [...line.matchAll(/[{,](\w+)="/g)].map(([, name = ""]) => name)),
    );
    const all = expressions();
    assert(all.filter(({ at }) => at.startsWith("docs/")).length >= 8);
    assert(all.filter(({ at }) => !at.startsWith("docs/")).length >= 8);
    for (const { at, text } of all) {
      const named = namesIn(text);
      assert(named.metrics.length > 0, at);
      assertEquals(named.metrics.filter((name) => !metrics.has(name)), [], at);
      assertEquals(named.labels.filter((name) => !labels.has(name)), [], at);
    }
    const states = all.flatMap(({ text }) =>
      [...text.matchAll(/_state="(\w+)"/g)].map(([, state = ""]) => state)
    );
    assert(states.length > 3);
    for (const state of states) {
      assert(lines.some((line) => line.includes(`_state="${state}"`)), `no state ${state}`);
    }
  },
});

Deno.test({
  name:
    "docs/observability.md: the table of metrics has the nine, and what the exporter says of them",
  ...loose,
  async fn() {
    const rows = tables(readPage("docs/observability.md")).find(([head]) => head?.[0] === "metric")!
      .slice(1).map(([metric = "", , unit = ""]) => [spans(metric)[0]!, spans(unit)[0]!] as const);
    assertEquals(rows.length, 9);
    await using scraped = await Scraped.start();
    await using pool = new Pool(() => ({}), { maxSize: 1 });
    using _metrics = observeMetrics(pool, { meter: scraped.meter });
    await pool.use(() => {});
    const lines = (await scraped.scrape()).split("\n");
    for (const [metric, unit] of rows) {
      const name = metric.replaceAll(".", "_");
      const said = lines.filter((line) => new RegExp(`^# UNIT ${name}(_total)? `).test(line));
      assertEquals(said.map((line) => line.split(" ").at(-1)), [unit], metric);
    }
  },
});

Deno.test("PromQL: what is none is noticed", () => {
  assertThrows(() => namesIn("sum by (a) (rate(b[5m])"), SyntaxError);
  assertEquals(namesIn('sum by (c) (rate(a_b{d="e"}[5m])) > 0'), {
    metrics: ["a_b"],
    labels: ["c", "d"],
  });
});

Deno.test("docs/grafana.json is what the builders of Grafana Labs make", () => {
  assertEquals(Deno.readTextFileSync("docs/grafana.json"), grafana());
});

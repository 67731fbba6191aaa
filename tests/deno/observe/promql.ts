// PromQL: the queries of the documentation and of the dashboard, read by Prometheus' own grammar.

import { parser } from "@prometheus-io/lezer-promql";
import { blocks, readPage } from "../../helpers/markdown.ts";

/** A query, and where it stands. */
export interface Expression {
  at: string;
  text: string;
}

/** All of them. */
export function expressions(): Expression[] {
  const page = blocks(readPage("docs/observability.md"))
    .filter(({ info }) => info === "promql")
    .map(({ line, page, text }) => ({ at: `${page}:${line}`, text }));
  const { panels } = JSON.parse(Deno.readTextFileSync("docs/grafana.json"));
  const shown = (panels as { title: string; targets: { expr: string }[] }[])
    .flatMap(({ targets, title }) => targets.map(({ expr }) => ({ at: title, text: expr })));
  return [...page, ...shown];
}

/** What a query names; throws if it is none. What Grafana fills in stands for five minutes. */
export function namesIn(expression: string): { metrics: string[]; labels: string[] } {
  const text = expression.replaceAll("$__rate_interval", "5m");
  const metrics = new Set<string>();
  const labels = new Set<string>();
  parser.parse(text).iterate({
    enter({ from, node, to, type }) {
      const name = text.slice(from, to);
      if (type.isError) throw new SyntaxError(`${from}: ${text}`);
      if (type.name === "Identifier" && node.parent?.name === "VectorSelector") metrics.add(name);
      if (type.name === "LabelName") labels.add(name);
    },
  });
  return { metrics: [...metrics], labels: [...labels] };
}

// Writes docs/grafana.json, a dashboard of pools for Grafana, by the builders that Grafana Labs publish.

import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  VariableRefresh,
} from "@grafana/grafana-foundation-sdk/dashboard";
import { DataqueryBuilder } from "@grafana/grafana-foundation-sdk/prometheus";
import { PanelBuilder } from "@grafana/grafana-foundation-sdk/timeseries";

const POOL = "db_client_connection_pool_name";
const STATE = "db_client_connection_state";
const SOURCE = { type: "prometheus", uid: "${datasource}" };

/** Of the pools that are chosen above the panels. */
const of = (metric: string, more = "") => `db_client_connection_${metric}{${POOL}=~"$pool"${more}}`;

const byPool = (expression: string) => `sum by (${POOL}) (${expression})`;
const rate = (metric: string) => `rate(${of(metric)}[$__rate_interval])`;

/** A percentile of a histogram. */
const quantile = (q: number, metric: string) =>
  `histogram_quantile(${q}, sum by (le, ${POOL}) (${rate(`${metric}_bucket`)}))`;

/** A panel: what it shows, in which unit, and the queries, each with its legend. */
type Row = [title: string, description: string, unit: string, queries: [string, string][]];

const NAME = `{{${POOL}}}`;

const ROWS: Row[] = [
  [
    "Objects by state",
    "Of all pools chosen. The line at the top is the sum of their limits.",
    "short",
    [
      [`sum by (${STATE}) (${of("count")})`, `{{${STATE}}}`],
      [`sum(${of("max")})`, "max"],
    ],
  ],
  ["In use, of the limit", "At 100 % the next borrower waits.", "percentunit", [
    [`${byPool(of("count", `,${STATE}="used"`))} / ${byPool(`${of("max")} > 0`)}`, NAME],
  ]],
  [
    "Borrowers that wait",
    "More than 0 for minutes: the pool is too small, or its objects are held for too long.",
    "short",
    [
      [byPool(of("pending_requests")), NAME],
    ],
  ],
  ["Refused at their timeout, per second", "Requests that failed for want of an object.", "reqps", [
    [byPool(rate("timeouts_total")), NAME],
  ]],
  ["Waits", "How long borrowers waited that got an object.", "s", [
    [quantile(0.5, "wait_time"), `p50 ${NAME}`],
    [quantile(0.99, "wait_time"), `p99 ${NAME}`],
  ]],
  ["Uses", "How long objects were held.", "s", [
    [quantile(0.5, "use_time"), `p50 ${NAME}`],
    [quantile(0.99, "use_time"), `p99 ${NAME}`],
  ]],
  [
    "Objects lent and made, per second",
    "Made about as often as lent: objects do not live long enough.",
    "ops",
    [
      [byPool(rate("wait_time_count")), `lent ${NAME}`],
      [byPool(rate("create_time_count")), `made ${NAME}`],
    ],
  ],
  ["Time to make an object", "What a borrower pays when none is idle.", "s", [
    [quantile(0.5, "create_time"), `p50 ${NAME}`],
    [quantile(0.99, "create_time"), `p99 ${NAME}`],
  ]],
];

function panel([title, description, unit, queries]: Row): PanelBuilder {
  const panel = new PanelBuilder().title(title).description(description).unit(unit).min(0)
    .datasource(SOURCE).height(8).span(12);
  queries.forEach(([expr, legend], i) => {
    const refId = String.fromCharCode("A".charCodeAt(0) + i);
    panel.withTarget(new DataqueryBuilder().expr(expr).legendFormat(legend).refId(refId).range());
  });
  return panel;
}

/** The dashboard, as JSON. */
export function grafana(): string {
  const dashboard = new DashboardBuilder("Pools")
    .uid("proxypool").tags(["proxypool"]).refresh("30s").time({ from: "now-1h", to: "now" })
    .description("Connection pools by the OpenTelemetry metrics db.client.connection.*")
    .withVariable(new DatasourceVariableBuilder("datasource").type("prometheus"))
    .withVariable(
      new QueryVariableBuilder("pool").datasource(SOURCE).includeAll(true).multi(true)
        .query(`label_values(db_client_connection_count, ${POOL})`)
        .refresh(VariableRefresh.OnTimeRangeChanged),
    );
  for (const row of ROWS) dashboard.withPanel(panel(row));
  return `${JSON.stringify(dashboard.build(), null, 2)}\n`;
}

if (import.meta.main) Deno.writeTextFileSync("docs/grafana.json", grafana());

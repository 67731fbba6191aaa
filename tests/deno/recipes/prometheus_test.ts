// The recipe for prom-client, on every runtime: what it serves has the names that the dashboard asks for.

import { assert, assertEquals } from "@std/assert";
import { expressions, namesIn } from "../observe/promql.ts";
import { printed, takers } from "./run.ts";

for (const runner of takers()) {
  Deno.test({
    name: `${runner.label}: the recipe for prom-client`,
    ignore: !runner.there,
    sanitizeOps: false,
    sanitizeResources: false,
    async fn() {
      const lines = await printed(runner, "prometheus.ts");
      const valueOf = (name: string, labels = "") => {
        const found = lines.filter((line) => line.startsWith(`${name}{`) && line.includes(labels));
        assertEquals(found.length, 1, `${name} ${labels}: ${found}`);
        return Number(found[0]!.split(" ").at(-1));
      };
      const state = (name: string) => `db_client_connection_state="${name}"`;
      const counts = ["idle", "used", "creating", "closing"].map((name) =>
        valueOf("db_client_connection_count", state(name))
      );
      assertEquals(counts, [1, 1, 0, 0]);
      assertEquals(valueOf("db_client_connection_max"), 2);
      assertEquals(valueOf("db_client_connection_wait_time_count"), 2);
      assertEquals(valueOf("db_client_connection_create_time_count"), 2);
      assertEquals(valueOf("db_client_connection_use_time_count"), 1);
      for (const name of expressions().flatMap(({ text }) => namesIn(text).metrics)) {
        assert(lines.some((line) => line.startsWith(`${name}{`)), `${name} is not there`);
      }
    },
  });
}

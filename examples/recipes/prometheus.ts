// The metrics of pools for Prometheus, by prom-client, under the names of OpenTelemetry's conventions.
//
// It serves them at /metrics, reads that once, and prints the result.
//
// Run it: npm install @x/proxypool prom-client && node prometheus.ts (or deno run -A, or bun)

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { Pool } from "@x/proxypool";

const PREFIX = "db_client_connection_";
const POOL = `${PREFIX}pool_name`;
const STATE = `${PREFIX}state`;
const buckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10]; // seconds

/** The metrics of any number of pools. */
export class PoolMetrics {
  readonly #pools = new Set<Pool<unknown>>();
  readonly #created: Histogram;
  readonly #waited: Histogram;
  readonly #used: Histogram;

  constructor(register: Registry) {
    const pools = this.#pools;
    const registers = [register];
    new Gauge({
      name: `${PREFIX}count`,
      help: "Objects by state",
      labelNames: [POOL, STATE],
      registers,
      collect() {
        this.reset(); // a pool that has gone leaves nothing
        for (const pool of pools) {
          const { name, available, using, creating, closing } = pool.stats();
          const states = { idle: available, used: using, creating, closing };
          for (const [state, n] of Object.entries(states)) {
            this.set({ [POOL]: name, [STATE]: state }, n);
          }
        }
      },
    });
    const read = { labelNames: [POOL], registers };
    new Gauge({
      ...read,
      name: `${PREFIX}max`,
      help: "maxSize, of pools that have one",
      collect() {
        this.reset();
        for (const { name, config: { maxSize } } of [...pools].map((pool) => pool.stats())) {
          if (Number(maxSize) > 0) this.set({ [POOL]: name }, Number(maxSize));
        }
      },
    });
    new Gauge({
      ...read,
      name: `${PREFIX}pending_requests`,
      help: "Borrowers that wait",
      collect() {
        this.reset();
        for (const pool of pools) this.set({ [POOL]: pool.stats().name }, pool.waiting);
      },
    });
    new Counter({
      ...read,
      name: `${PREFIX}timeouts_total`,
      help: "Borrowers refused at their timeout",
      collect() {
        this.reset();
        for (const { name, timeouts } of [...pools].map((pool) => pool.stats())) {
          this.inc({ [POOL]: name }, timeouts);
        }
      },
    });
    const timed = (name: string, help: string) =>
      new Histogram({ ...read, name: PREFIX + name, help, buckets });
    this.#created = timed("create_time", "Seconds to make an object");
    this.#waited = timed("wait_time", "Seconds that a borrower waited");
    this.#used = timed("use_time", "Seconds that an object was held");
  }

  /** Measures a pool from now on, until that is disposed of. */
  measure<T>(pool: Pool<T>): Disposable {
    const labels = { [POOL]: pool.stats().name };
    const created = this.#created.labels(labels);
    const waited = this.#waited.labels(labels);
    const used = this.#used.labels(labels);
    this.#pools.add(pool);
    const observing = pool.observe({
      created: ({ duration, error }) => error === undefined && created.observe(duration / 1000),
      lent: (event) => waited.observe(event.waited / 1000),
      returned: ({ held }) => used.observe(held / 1000),
    });
    return {
      [Symbol.dispose]: () => {
        this.#pools.delete(pool);
        observing[Symbol.dispose]();
      },
    };
  }
}

if (import.meta.main) {
  const register = new Registry();
  const metrics = new PoolMetrics(register);
  const pool = new Pool((n) => ({ n }), { name: "orders", maxSize: 2 });
  using _measuring = metrics.measure(pool);

  const server = createServer(async (_request, response) => {
    response.setHeader("Content-Type", register.contentType);
    response.end(await register.metrics());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;

  const lease = await pool.get();
  await pool.use(() => {});
  const headers = { connection: "close" };
  const scraped = await fetch(`http://127.0.0.1:${port}/metrics`, { headers });
  console.log(await scraped.text());
  await pool.ret(lease);
  await pool.shutdown();
  server.close();
}

// Scraped: a meter whose metrics Prometheus' exporter serves, and the text that a scrape gets.

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Meter } from "@opentelemetry/api";
import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";

/** On a free port of loopback. */
export class Scraped implements AsyncDisposable {
  readonly #exporter = new PrometheusExporter({ preventServerStart: true });
  readonly #provider = new MeterProvider({ readers: [this.#exporter] });
  readonly #server = createServer((request, response) =>
    this.#exporter.getMetricsRequestHandler(request, response)
  );
  readonly meter: Meter = this.#provider.getMeter("test");

  static async start(): Promise<Scraped> {
    const scraped = new Scraped();
    await new Promise<void>((resolve) => scraped.#server.listen(0, "127.0.0.1", resolve));
    return scraped;
  }

  async scrape(): Promise<string> {
    const { port } = this.#server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}/metrics`, {
      headers: { connection: "close" },
    });
    return await response.text();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#provider.shutdown();
  }
}

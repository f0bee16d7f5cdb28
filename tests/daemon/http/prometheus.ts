/**
 * A Prometheus of its own that scrapes what a test tells it.
 *
 * @module
 */

import { join } from "node:path";

/** How long it may take until a target is scraped on a busy host, in ms. */
const SCRAPE_MS = 30_000;

/** Why there is none; undefined where there is one. */
export function whyNoPrometheus(): string | undefined {
  try {
    const version = new Deno.Command("prometheus", { args: ["--version"] });
    if (version.outputSync().success) return undefined;
  } catch {
    // There is none.
  }
  return "needs prometheus (Debian: prometheus)";
}

/** A target, as Prometheus' API tells of it. */
interface Target {
  labels: Record<string, string>;
  health: "up" | "down" | "unknown";
  lastError: string;
}

/** One sample of an instant query. */
export interface Sample {
  metric: Record<string, string>;
  value: [seconds: number, value: string];
}

/** A port that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A Prometheus that runs. Dispose it to end it. */
export class Prometheus implements AsyncDisposable {
  readonly #base: string;
  readonly #child: Deno.ChildProcess;

  /**
   * Starts it.
   *
   * @param directory for its files.
   * @param jobs what it is to scrape, each second, as `scrape_configs` are written.
   */
  constructor(directory: string, jobs: readonly Record<string, unknown>[]) {
    const config = join(directory, "prometheus.yml"), listen = `127.0.0.1:${freePort()}`;
    // JSON is YAML.
    Deno.writeTextFileSync(
      config,
      JSON.stringify({
        global: { scrape_interval: "100ms", scrape_timeout: "100ms" },
        scrape_configs: jobs.map((job) => ({
          scrape_timeout: "5s",
          scrape_interval: "5s",
          ...job,
        })),
      }),
    );
    this.#base = `http://${listen}/api/v1`;
    this.#child = new Deno.Command("prometheus", {
      args: [
        `--config.file=${config}`,
        `--storage.tsdb.path=${join(directory, "tsdb")}`,
        `--web.listen-address=${listen}`,
        "--log.level=error",
      ],
      stdout: "null",
      stderr: "null",
    }).spawn();
  }

  async #ask<T>(path: string, enough: (data: T) => boolean): Promise<T> {
    const until = performance.now() + SCRAPE_MS;
    let last: unknown;
    while (performance.now() < until) {
      try {
        const { data } = await (await fetch(`${this.#base}/${path}`)).json() as { data: T };
        if (enough(data)) return data;
        last = JSON.stringify(data);
      } catch (error) {
        last = error;
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`Prometheus: ${path}: ${last}`);
  }

  /** Waits until the targets of all jobs are as well as that. */
  async becomes(wanted: Readonly<Record<string, Target["health"]>>): Promise<void> {
    await this.#ask<{ activeTargets: Target[] }>(
      "targets",
      ({ activeTargets }) =>
        activeTargets.length === Object.keys(wanted).length &&
        activeTargets.every(({ health, labels }) => health === wanted[labels["job"] ?? ""]),
    );
  }

  /** What a query gives, as soon as it gives as many samples as that. */
  async query(text: string, atLeast = 1): Promise<Sample[]> {
    const { result } = await this.#ask<{ result: Sample[] }>(
      `query?${new URLSearchParams({ query: text })}`,
      ({ result }) => result.length >= atLeast,
    );
    return result;
  }

  /** The types of metrics that it was told. */
  metadata(): Promise<Record<string, { type: string; help: string; unit: string }[]>> {
    return this.#ask("metadata", (data) => Object.keys(data).length > 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Nothing that it has stored is wanted.
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

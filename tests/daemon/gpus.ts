/**
 * GPUs of no host, and what is known of them.
 *
 * @module
 */

import { type Gpu, unknownFacts } from "../../lib/gpu/gpu.ts";
import type { StatusDocument } from "../../lib/render/status_document.ts";
import { type GpuSample, unknownMetrics } from "../../lib/telemetry/metrics.ts";

/** The id of the GPU of an index. */
export function idOf(index: number): string {
  return `pci:0000:${index.toString(16).padStart(2, "0")}:00.0`;
}

/** So many GPUs. */
export function gpus(count: number): Gpu[] {
  return Array.from({ length: count }, (_, index): Gpu => ({
    ...unknownFacts(),
    id: idOf(index),
    index,
    kind: "discrete",
    pci_slot: idOf(index).slice("pci:".length),
    vendor: index % 2 === 0 ? "nvidia" : "amd",
    seen_by: ["pci"],
    apis: {},
    enabled: true,
    sources: {},
    absent: {},
  }));
}

/** A look at them: how busy each is, or that it is lost. */
export function look(
  listed: readonly Gpu[],
  busy: readonly (number | null | "lost")[],
): StatusDocument {
  return {
    schema: "mvgal.status/1",
    at: "2026-01-01T00:00:00.000Z",
    interval_ms: 1000,
    gpus: listed.map(({ id, index }, i): GpuSample => {
      const its = busy[i] ?? null;
      return {
        ...unknownMetrics(),
        id,
        index,
        name: null,
        state: its === "lost" ? "lost" : "ok",
        reason: its === "lost" ? "it fell off the bus" : null,
        power_state: null,
        utilization_pct: its === "lost" ? null : its,
        sources: {},
        absent: {},
      };
    }),
  };
}

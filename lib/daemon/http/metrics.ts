/**
 * The metrics for Prometheus, in its text format and in OpenMetrics.
 *
 * The names of MVGAL's exporter are kept. What is not known has no line.
 *
 * Source: "Exposition formats" of Prometheus' documentation; OpenMetrics 1.0.0.
 *
 * @module
 */

import type { Gpu } from "../../gpu/gpu.ts";
import type { GpuSample, MetricName } from "../../telemetry/metrics.ts";
import type { GpuProcess } from "../../telemetry/process.ts";
import type { Service } from "../service_api.ts";

/** The format that a client asks for. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** A family of metrics. */
interface Family {
  name: string;
  type: "gauge" | "counter" | "info";
  help: string;
  unit?: string;
  lines: { labels: Record<string, string>; value: number }[];
}

/** A metric of a GPU: its name, meaning, and the factor to the unit in the name. */
interface GpuFamily {
  metric: MetricName;
  name: string;
  help: string;
  unit?: string;
  factor?: number;
  type?: Family["type"];
}

const GPU_FAMILIES: readonly GpuFamily[] = [
  {
    metric: "utilization_pct",
    name: "mvgal_gpu_utilization_percent",
    help: "How busy the GPU is",
  },
  {
    metric: "memory_utilization_pct",
    name: "mvgal_gpu_memory_utilization_percent",
    help: "Share of time in which memory was read or written",
  },
  {
    metric: "vram_used_bytes",
    name: "mvgal_gpu_memory_used_bytes",
    help: "Memory of the GPU in use",
    unit: "bytes",
  },
  {
    metric: "vram_total_bytes",
    name: "mvgal_gpu_memory_total_bytes",
    help: "Memory of the GPU",
    unit: "bytes",
  },
  {
    metric: "temperature_c",
    name: "mvgal_gpu_temperature_celsius",
    help: "Temperature of the chip",
    unit: "celsius",
  },
  {
    metric: "temperature_hotspot_c",
    name: "mvgal_gpu_hotspot_temperature_celsius",
    help: "Temperature of the hottest place of the chip",
    unit: "celsius",
  },
  {
    metric: "temperature_memory_c",
    name: "mvgal_gpu_memory_temperature_celsius",
    help: "Temperature of the memory",
    unit: "celsius",
  },
  { metric: "power_w", name: "mvgal_power_draw_watts", help: "Power drawn", unit: "watts" },
  {
    metric: "power_cap_w",
    name: "mvgal_power_cap_watts",
    help: "Power that may be drawn",
    unit: "watts",
  },
  {
    metric: "energy_j",
    name: "mvgal_energy_joules",
    help: "Energy since the driver was loaded",
    unit: "joules",
    type: "counter",
  },
  {
    metric: "core_clock_mhz",
    name: "mvgal_gpu_clock_hertz",
    help: "Clock of the cores",
    unit: "hertz",
    factor: 1e6,
  },
  {
    metric: "memory_clock_mhz",
    name: "mvgal_gpu_memory_clock_hertz",
    help: "Clock of the memory",
    unit: "hertz",
    factor: 1e6,
  },
  {
    metric: "fan_pct",
    name: "mvgal_fan_speed_percent",
    help: "Speed that the fan is told to have",
  },
  {
    metric: "pcie_rx_bytes_per_s",
    name: "mvgal_pcie_receive_bytes_per_second",
    help: "Bytes received over PCIe each second",
  },
  {
    metric: "pcie_tx_bytes_per_s",
    name: "mvgal_pcie_transmit_bytes_per_second",
    help: "Bytes sent over PCIe each second",
  },
];

/** Labels by which a GPU keeps its series. */
function labelsOf(sample: GpuSample, gpu: Gpu | undefined): Record<string, string> {
  return {
    gpu: sample.id,
    index: String(sample.index),
    uuid: gpu?.uuid ?? "",
    pci: gpu?.pci_slot ?? "",
    vendor: gpu?.vendor ?? "",
    model: sample.name ?? "",
  };
}

function isNumber(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

function gpuFamilies(
  samples: readonly { sample: GpuSample; labels: Record<string, string> }[],
): Family[] {
  return GPU_FAMILIES.map(({ metric, name, help, unit, factor = 1, type = "gauge" }): Family => ({
    name,
    type,
    help,
    ...(unit && { unit }),
    lines: samples.flatMap(({ sample, labels }) => {
      const value = sample[metric];
      return isNumber(value) ? [{ labels, value: value * factor }] : [];
    }),
  }));
}

function processFamily(
  processes: readonly GpuProcess[],
  labels: ReadonlyMap<string, Record<string, string>>,
): Family {
  return {
    name: "mvgal_process_memory_used_bytes",
    type: "gauge",
    help: "Memory of the GPU that a program holds",
    unit: "bytes",
    lines: processes.flatMap(({ gpu, pid, name, vram_bytes }) => {
      const of = labels.get(gpu);
      return of === undefined || !isNumber(vram_bytes)
        ? []
        : [{ labels: { ...of, pid: String(pid), name: name ?? "" }, value: vram_bytes }];
    }),
  };
}

function families(service: Service, withProcesses: boolean): Family[] {
  const status = service.status(), health = service.health();
  const inventory = service.inventory();
  const known = new Map(
    [...inventory.gpus, ...inventory.other_devices].map((gpu) => [gpu.id, gpu]),
  );
  const samples = (status?.gpus ?? []).map((sample) => ({
    sample,
    labels: labelsOf(sample, known.get(sample.id)),
  }));
  const labels = new Map(samples.map(({ sample, labels }) => [sample.id, labels]));
  const gauge = (name: string, help: string, lines: Family["lines"]): Family => ({
    name,
    type: "gauge",
    help,
    lines,
  });
  const count = (name: string, help: string, value: number): Family => ({
    name,
    type: "counter",
    help,
    lines: [{ labels: {}, value }],
  });
  const judged = new Map((status?.health?.gpus ?? []).map(({ id, state }) => [id, state]));
  return [
    gauge("mvgal_daemon_running", "Whether the service samples", [
      { labels: {}, value: health.ready ? 1 : 0 },
    ]),
    {
      name: "mvgal_build",
      type: "info",
      help: "The version of mvgal",
      lines: [{ labels: { version: health.version }, value: 1 }],
    },
    count("mvgal_samples", "Looks at the GPUs", health.samples),
    count("mvgal_samples_missed", "Looks that could not be taken in time", health.samples_missed),
    gauge(
      "mvgal_part_degraded",
      "Parts of the service that do not work",
      Object.keys(
        health.degraded,
      ).map((part) => ({ labels: { part }, value: 1 })),
    ),
    gauge("mvgal_gpus", "GPUs of the host", [{ labels: {}, value: samples.length }]),
    gauge("mvgal_gpu_up", "Whether the GPU's driver answers; 0 for one that is lost", [
      ...samples.filter(({ sample }) => sample.state === "ok" || sample.state === "lost")
        .map(({ sample, labels }) => ({ labels, value: sample.state === "ok" ? 1 : 0 })),
    ]),
    gauge(
      "mvgal_gpu_asleep",
      "Whether the GPU sleeps",
      samples.map(({ sample, labels }) => ({ labels, value: sample.state === "asleep" ? 1 : 0 })),
    ),
    gauge(
      "mvgal_gpu_health",
      "Health of the GPU: 0 well, 1 with warnings, 2 critical or lost",
      samples.flatMap(({ sample, labels }) => {
        const value = HEALTH[judged.get(sample.id) ?? ""];
        return value === undefined ? [] : [{ labels, value }];
      }),
    ),
    ...gpuFamilies(samples),
    ...(withProcesses ? [processFamily(status?.processes ?? [], labels)] : []),
    gauge("mvgal_sessions", "Programs that run with mvgal", [
      { labels: {}, value: service.sessions().length },
    ]),
  ];
}

const HEALTH: Readonly<Record<string, number>> = { ok: 0, warning: 1, critical: 2, lost: 2 };

function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

function write({ name, type, help, unit, lines }: Family, format: MetricsFormat): string {
  if (lines.length === 0) return "";
  const isOpen = format === "openmetrics";
  // Of counters and infos OpenMetrics names the family without the suffix of its samples.
  const suffix = type === "counter" ? "_total" : type === "info" ? "_info" : "";
  const family = isOpen ? name : `${name}${suffix}`;
  const kind = type === "info" && !isOpen ? "gauge" : type;
  const head = [
    `# HELP ${family} ${help}.`,
    `# TYPE ${family} ${kind}`,
    ...(isOpen && unit !== undefined ? [`# UNIT ${family} ${unit}`] : []),
  ];
  const body = lines.map(({ labels, value }) => {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escaped(text)}"`);
    return `${name}${suffix}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${value}`;
  });
  return `${[...head, ...body].join("\n")}\n`;
}

/** What a scrape gets. */
export function metricsText(
  service: Service,
  format: MetricsFormat,
  withProcesses: boolean,
): string {
  const text = families(service, withProcesses).map((family) => write(family, format)).join("");
  return format === "openmetrics" ? `${text}# EOF\n` : text;
}

/** The format that an `Accept` header asks for, and its content type. */
export function metricsFormat(accept: string): { format: MetricsFormat; type: string } {
  return accept.includes("application/openmetrics-text")
    ? {
      format: "openmetrics",
      type: "application/openmetrics-text; version=1.0.0; charset=utf-8",
    }
    : { format: "prometheus", type: "text/plain; version=0.0.4; charset=utf-8" };
}

/**
 * Where and how was measured, for the page of a report.
 *
 * @module
 */

import type { BenchReport } from "../bench/report.ts";
import type { Arrangement } from "./bench_arrange.ts";
import { type Cell, sortableTable } from "./bench_html_table.ts";
import { type Markup, markup } from "./markup.ts";
import { formatBytes } from "./units.ts";

/** Words of names that are written otherwise. */
const SPELLINGS: Readonly<Record<string, string>> = {
  api: "API",
  cpu: "CPU",
  cpus: "CPUs",
  ecc: "ECC",
  gpu: "GPU",
  id: "id",
  iommu: "IOMMU",
  iommus: "IOMMUs",
  mig: "MIG",
  numa: "NUMA",
  os: "OS",
  pci: "PCI",
  pcie: "PCIe",
  uuid: "UUID",
  vulkan: "Vulkan",
};

/** `pcie_link_gen_max` as `PCIe link gen max`, `power_limit_w` as `power limit, W`. */
function words(name: string): string {
  return name.replace(/_bytes$/, "").replace(/_w$/, ", W").split("_")
    .map((word) => SPELLINGS[word] ?? word).join(" ");
}

/** What it means that these are null: everywhere else it is that something is not known. */
const NULLS: Readonly<Record<string, string>> = {
  gpu_selector: "all GPUs",
  virtual_machine: "nothing shows one",
};

/** A value of the document in words; what is null is unknown. */
function valueWords(name: string, value: unknown): string {
  if (value === null || value === undefined) return NULLS[name] ?? "unknown";
  if (typeof value === "number" && name.endsWith("_bytes")) return formatBytes(value);
  if (typeof value === "boolean") return value ? "yes" : "no";
  if (Array.isArray(value)) {
    return value.length === 0 ? "none" : value.map((one) => valueWords(name, one)).join(", ");
  }
  if (typeof value === "object") {
    const entries = Object.entries(value);
    return entries.length === 0
      ? "none"
      : entries.map(([key, one]) => `${key}=${valueWords(key, one)}`).join(", ");
  }
  return String(value);
}

/** A list of facts and their values. */
function facts(rows: readonly (readonly [string, string])[]): Markup {
  return markup`<div class="panel facts"><dl>${
    rows.map(([name, value]) => markup`<dt>${name}<dd>${value}\n`)
  }</dl></div>`;
}

/** What of the context stands elsewhere on the page, or in a table of its own. */
const ELSEWHERE = ["devices", "sources", "environment"];

function runFacts({ schema, context }: BenchReport): Markup {
  const { environment, ...rest } = context;
  const own = Object.entries(rest).filter(([name]) => !ELSEWHERE.includes(name));
  return facts([
    ["form of the report", String(schema)],
    ...[...own, ...Object.entries(environment ?? {})]
      .map(([name, value]) => [words(name), valueWords(name, value)] as const),
    ...Object.entries(context.sources ?? {}).map(([name, reason]) =>
      [`no devices from ${name}`, reason] as const
    ),
  ]);
}

/** A row for each fact, a column for each device. */
function deviceTable({ devices }: Arrangement): Markup | null {
  const known = devices.flatMap(({ tag, device }) => {
    if (device === null) return [];
    const { environment, ...own } = device;
    const { absent, ...rest } = environment ?? { absent: {} };
    return [{
      tag,
      facts: { ...own, ...rest } as Record<string, unknown>,
      absent: (absent ?? {}) as Record<string, string>,
      isHost: device.kind === "host",
    }];
  });
  if (known.length === 0) return null;
  const names = new Set(known.flatMap(({ facts }) => Object.keys(facts)));
  const rows = [...names].map((name): Cell[] => [
    { content: words(name) },
    ...known.map(({ facts, absent, isHost }) => {
      const value = facts[name];
      if (value !== null && value !== undefined) return { content: valueWords(name, value) };
      if (isHost || !(name in facts)) return { content: null };
      const reason = absent[name];
      const said = reason === undefined ? "unknown" : `unknown: ${reason}`;
      return { content: markup`<span class="muted">${said}</span>` };
    }),
  ]);
  const columns = ["Fact", ...known.map(({ tag }) => tag)]
    .map((title) => ({ title, isFixed: true }));
  return sortableTable({ title: "Devices" }, columns, rows);
}

/** The run, the host and the devices. */
export function environmentSection(report: BenchReport, arrangement: Arrangement): Markup {
  return markup`${runFacts(report)}${deviceTable(arrangement)}`;
}

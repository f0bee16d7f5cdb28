/**
 * What `mthreads-gmi`, Moore Threads' command, prints. Pure.
 *
 * The names and units are those that `mthreads-gmi --query --json` of the driver 3.3.5 printed for MTT S5000
 * boards, as other projects quote it (`"FB Memory Usage": {"Total": "81920MiB"}`, `"Power Draw ": "96.66W"`
 * with the space at its end). That the text of `-q` has the same names, in the layout of nvidia-smi's, and
 * that `--query-gpu` has nvidia-smi's names of columns, is not verified. What is not found, or has another
 * unit, is left out: nothing is guessed.
 *
 * @module
 */

import { parsePciAddress, type PciAddress } from "../gpu/pci_address.ts";
import { parseUuid } from "../gpu/uuid.ts";
import { clampPercent } from "./driver.ts";
import type { GpuMetrics } from "./metrics.ts";

/** One GPU as the command shows it. */
export interface GmiGpu {
  /** Null where the output has no address of it. */
  address: PciAddress | null;
  /** In lower case; null where the output has none. */
  uuid: string | null;
  /** What is known of it. */
  values: Partial<GpuMetrics>;
}

/** The columns that are asked for with `--query-gpu`. */
export const GMI_COLUMNS =
  "index,pci.bus_id,uuid,utilization.gpu,memory.total,memory.used,temperature.gpu,power.draw";

/** Factors to a metric's unit. */
const UNITS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  percent: { "%": 1 },
  bytes: { "B": 1, "KiB": 1024, "MiB": 1024 ** 2, "GiB": 1024 ** 3 },
  celsius: { "C": 1, "°C": 1 },
  watts: { "W": 1, "mW": 0.001 },
  megahertz: { "MHz": 1, "GHz": 1000 },
  volts: { "V": 1, "mV": 0.001 },
  rpm: { "RPM": 1, "rpm": 1 },
  lanes: { "": 1, "x": 1 },
  number: { "": 1 },
};

/** `81920MiB`, `96.66 W`, `16x` as a number; undefined for `N/A` and for another unit. */
export function parseGmiQuantity(text: string, unit: keyof typeof UNITS): number | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*([^\s\d]*)\s*$/.exec(text);
  if (match === null) return undefined;
  const factor = UNITS[unit]?.[match[2] ?? ""];
  return factor === undefined ? undefined : Number(match[1]) * factor;
}

/** Where `-q` has a metric: sections and key, in lower case. */
const QUERY: readonly (readonly [keyof GpuMetrics & string, keyof typeof UNITS, string])[] = [
  ["utilization_pct", "percent", "utilization/gpu"],
  ["memory_utilization_pct", "percent", "utilization/memory"],
  ["encode_utilization_pct", "percent", "utilization/encoder"],
  ["decode_utilization_pct", "percent", "utilization/decoder"],
  ["vram_total_bytes", "bytes", "fb memory usage/total"],
  ["vram_used_bytes", "bytes", "fb memory usage/used"],
  ["temperature_c", "celsius", "temperature/gpu current temp"],
  ["power_w", "watts", "power readings/power draw"],
  ["power_cap_w", "watts", "power readings/current power limit"],
  ["core_clock_mhz", "megahertz", "clocks/graphics"],
  ["memory_clock_mhz", "megahertz", "clocks/memory"],
  ["core_clock_max_mhz", "megahertz", "max clocks/graphics"],
  ["memory_clock_max_mhz", "megahertz", "max clocks/memory"],
  ["fan_pct", "percent", "fan speed"],
  ["pcie_link_gen", "number", "pci/gpu link info/pcie generation/current"],
  ["pcie_link_width", "lanes", "pci/gpu link info/link width/current"],
];

/** Parses `mthreads-gmi -q`, as text or as JSON. Empty for anything else. */
export function parseGmiQuery(text: string): GmiGpu[] {
  const start = text.trimStart();
  const gpus = start.startsWith("{") ? fromJson(start) : fromText(text);
  return gpus.map((known) => {
    const values: Partial<Record<string, number>> = {};
    for (const [name, unit, path] of QUERY) {
      const value = parseGmiQuantity(known.get(path) ?? "", unit);
      const share = unit === "percent" && name !== "fan_pct";
      if (value !== undefined) values[name] = share ? clampPercent(value) : value;
    }
    return {
      address: parsePciAddress(known.get("pci/bus id") ?? "") ?? null,
      uuid: parseUuid(known.get("gpu uuid") ?? "") ?? null,
      values,
    };
  });
}

/** Values by path, one map for each GPU. */
type Known = Map<string, string>;

const tidy = (name: string): string => name.trim().replace(/\s+/g, " ").toLowerCase();

function fromJson(text: string): Known[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return [];
  }
  const list = isObject(parsed) ? parsed["GPU"] : undefined;
  return (Array.isArray(list) ? list : []).filter(isObject).map((gpu) => {
    const known: Known = new Map();
    flatten(gpu, "", known);
    return known;
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function flatten(value: Record<string, unknown>, path: string, into: Known): void {
  for (const [name, member] of Object.entries(value)) {
    const at = path + tidy(name);
    if (isObject(member)) flatten(member, `${at}/`, into);
    else if (typeof member === "string" || typeof member === "number") {
      into.set(at, String(member).trim());
    }
  }
}

/** A line `GPU0 00000000:3a:00.0`, or `GPU 00000000:3A:00.0`, at the margin: here begins a GPU. */
const GPU_LINE = /^GPU\s*\d*\s*:?\s*([0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7])?\s*$/i;

function fromText(text: string): Known[] {
  const gpus: Known[] = [];
  let open: { indent: number; name: string }[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "") continue;
    const indent = line.length - line.trimStart().length;
    const begins = indent === 0 ? GPU_LINE.exec(line.trimEnd()) : null;
    if (begins !== null) {
      const known: Known = new Map();
      if (begins[1] !== undefined) known.set("pci/bus id", begins[1]);
      gpus.push(known);
      open = [];
      continue;
    }
    const gpu = gpus.at(-1);
    if (gpu === undefined) continue;
    open = open.filter((section) => section.indent < indent);
    const pair = /^\s*(.+?)\s*:(?:\s+(.*))?$/.exec(line);
    const name = tidy(pair?.[1] ?? line);
    const value = pair?.[2]?.trim() ?? "";
    if (value === "") open.push({ indent, name });
    else gpu.set([...open.map((section) => section.name), name].join("/"), value);
  }
  return gpus;
}

/** Where the table has a metric: the column without its unit, and the unit where the table names none. */
const TABLE: readonly (readonly [keyof GpuMetrics & string, keyof typeof UNITS, string])[] = [
  ["utilization_pct", "percent", "utilization.gpu"],
  ["vram_total_bytes", "bytes", "memory.total"],
  ["vram_used_bytes", "bytes", "memory.used"],
  ["temperature_c", "celsius", "temperature.gpu"],
  ["power_w", "watts", "power.draw"],
];

/**
 * Parses `mthreads-gmi --query-gpu=… --format=csv` with its line of names. A unit stands behind the name of
 * the column (`memory.used [MiB]`) or behind each value; a temperature may have none, as nvidia-smi's.
 */
export function parseGmiTable(text: string): GmiGpu[] {
  const [header, ...lines] = text.split("\n").map((line) => line.trim())
    .filter((line) => line !== "");
  if (header === undefined) return [];
  const columns = header.split(",").map((cell) => {
    const match = /^\s*([\w.]+)\s*(?:\[(.+)\])?\s*$/.exec(cell);
    return { name: match?.[1] ?? "", unit: match?.[2] ?? "" };
  });
  if (!columns.some(({ name }) => name === "pci.bus_id" || name === "uuid")) return [];
  return lines.map((line) => {
    const cells = line.split(",").map((cell) => cell.trim());
    const cell = (name: string): string => {
      const at = columns.findIndex((column) => column.name === name);
      const text = cells[at] ?? "";
      const unit = columns[at]?.unit || (name === "temperature.gpu" ? "C" : "");
      return /^-?\d+(\.\d+)?$/.test(text) ? `${text}${unit}` : text;
    };
    const values: Partial<Record<string, number>> = {};
    for (const [name, unit, column] of TABLE) {
      const value = parseGmiQuantity(cell(column), unit);
      if (value !== undefined) values[name] = unit === "percent" ? clampPercent(value) : value;
    }
    return {
      address: parsePciAddress(cell("pci.bus_id")) ?? null,
      uuid: parseUuid(cell("uuid")) ?? null,
      values,
    };
  });
}

/**
 * Peaks from the make-up of a device: so many units, so many operations of each in a clock, so many
 * clocks in a second.
 *
 * @module
 */

import {
  gigahertz,
  type KnownPeaks,
  type PeakFigure,
  type PeakSource,
  type SeenClocks,
  unknownPeaks,
} from "./peak.ts";

/** Something that is known, with where from; or why it is not known. */
export type Fact<T> = { value: T; source: string } | { value: null; reason: string };

/** How a device is made up. */
export interface DeviceModel {
  /** What does arithmetic: `SMs`, `CUs`, `Xe cores`. */
  unitName: string;
  units: Fact<number>;
  /** Operations of one unit in one clock, by key of the peak; a multiply-add is 2. */
  operations: Fact<Readonly<Record<string, number>>>;
  coreMaxMhz: Fact<number>;
  memory: Fact<{ busBits: number; transfersPerClock: number; maxMhz: number }>;
  /** What datasheets say, by key: it goes before a formula. In TFLOP/s, TOP/s or GB/s. */
  datasheet: Readonly<Record<string, { value: number; source: string }>>;
  /**
   * What the datasheet says of the memory's bandwidth, in GB/s: beside the formula, which is the ceiling.
   * Sheets are rounded, and speak of another clock than the board has.
   */
  memorySheet?: { value: number; source: string } | undefined;
  /** Whether the clocks that are seen are those of the work. */
  clocksHold: boolean;
}

/** Key of the memory's peak. */
export const MEMORY_BANDWIDTH = "memory_bandwidth";

/** The unit of a peak: `GB/s`, `TFLOP/s`, `TOP/s`. */
export function unitOf(key: string): string {
  if (key === MEMORY_BANDWIDTH) return "GB/s";
  return /^(matrix\.)?[su]?int/.test(key) ? "TOP/s" : "TFLOP/s";
}

/** Names under which the formats of a matrix's elements go. */
const FORMATS: readonly [RegExp, string][] = [
  [/^(fp8|float8)?_?e[45]m[23]$/, "fp8"],
  [/^[su]?int(\d+)$/, "int$1"],
  [/^float(\d+)$/, "fp$1"],
  [/^bfloat16$/, "bf16"],
];

/** The key that tables have: `matrix.sint8.sint32` is in them as `matrix.int8.int32`. */
export function tableKey(key: string): string {
  return key.split(".").map((part) => {
    const found = FORMATS.find(([pattern]) => pattern.test(part));
    return found ? part.replace(found[0], found[1]) : part;
  }).join(".");
}

function arithmetic(model: DeviceModel, key: string, mhz: number): PeakFigure | string {
  const { units, operations, unitName } = model;
  if (operations.value === null) return operations.reason;
  const rate = operations.value[key];
  if (rate === undefined) return `no published rate of ${key} for this device`;
  if (units.value === null) return units.reason;
  return {
    value: units.value * rate * mhz / 1e6,
    unit: unitOf(key),
    formula: `${units.value} ${unitName} x ${rate} operations x ${gigahertz(mhz)}`,
    source: `${units.source}; ${operations.source}`,
  };
}

function bandwidth(model: DeviceModel, mhz: number): PeakFigure | string {
  const { memory } = model;
  if (memory.value === null) return memory.reason;
  const { busBits, transfersPerClock } = memory.value;
  return {
    value: busBits / 8 * transfersPerClock * mhz / 1000,
    unit: unitOf(MEMORY_BANDWIDTH),
    formula: `${busBits} bits / 8 x ${transfersPerClock} transfers x ${gigahertz(mhz)}`,
    source: memory.source,
  };
}

function fromSheet(key: string, { value, source }: { value: number; source: string }): PeakFigure {
  const unit = unitOf(key);
  return { value, unit, formula: `${value} ${unit}`, source };
}

/** The rated peak, or why there is none. */
function rated(model: DeviceModel, key: string): PeakFigure | string {
  const sheet = model.datasheet[key];
  if (sheet !== undefined) {
    const figure = fromSheet(key, sheet);
    return { ...figure, formula: `${figure.formula}, dense` };
  }
  if (key === MEMORY_BANDWIDTH) {
    return model.memory.value === null
      ? model.memory.reason
      : bandwidth(model, model.memory.value.maxMhz);
  }
  const { coreMaxMhz } = model;
  if (coreMaxMhz.value === null) return coreMaxMhz.reason;
  const figure = arithmetic(model, key, coreMaxMhz.value);
  return typeof figure === "string"
    ? figure
    : { ...figure, source: `${figure.source}; ${coreMaxMhz.source}` };
}

/** The peak at the clock that was seen, or why there is none. */
function observed(model: DeviceModel, key: string, seen: SeenClocks): PeakFigure | string {
  const mhz = key === MEMORY_BANDWIDTH ? seen.memory_mhz : seen.core_mhz;
  if (mhz === null) return "the clock was not seen during the run";
  if (!model.clocksHold) return "the clock seen between samples is not that of the work";
  const figure = key === MEMORY_BANDWIDTH ? bandwidth(model, mhz) : arithmetic(model, key, mhz);
  return typeof figure === "string" ? figure : { ...figure, formula: `${figure.formula} seen` };
}

/** The peaks of a device that is made up so. */
export function modelPeaks(model: DeviceModel): PeakSource {
  return (asked, seen): KnownPeaks => {
    const key = tableKey(asked);
    const most = rated(model, key), now = observed(model, key, seen);
    const reasons = [most, now].filter((each) => typeof each === "string");
    if (typeof most === "string" && typeof now === "string") {
      return unknownPeaks([...new Set(reasons)].join("; "));
    }
    const sheet = key === MEMORY_BANDWIDTH ? model.memorySheet : undefined;
    return {
      rated: typeof most === "string" ? null : most,
      observed: typeof now === "string" ? null : now,
      ...(sheet && { datasheet: fromSheet(key, sheet) }),
      reason: reasons[0] ?? null,
    };
  };
}

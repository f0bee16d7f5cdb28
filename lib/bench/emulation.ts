/**
 * Matrix units that are none: some drivers advertise cooperative matrices and run them on the vector units.
 *
 * @module
 */

import type { Result } from "./benchmark.ts";

/** The vector figures that a matrix figure is held against, by the format of its factors. */
const VECTOR_FIGURES: Readonly<Record<string, readonly string[]>> = {
  fp16: ["compute.fp16", "compute.fp32"],
  bf16: ["compute.bf16", "compute.fp16", "compute.fp32"],
  e4m3: ["compute.fp16", "compute.fp32"],
  e5m2: ["compute.fp16", "compute.fp32"],
  int8: ["compute.int8_dot", "compute.int32"],
  uint8: ["compute.int8_dot", "compute.int32"],
  fp32: ["compute.fp32"],
  fp64: ["compute.fp64"],
};

/** The median of a result; undefined where there is none. */
function medianOf({ outcome }: Result): number | undefined {
  return outcome.state === "ok" ? outcome.measured.summary.median : undefined;
}

/**
 * The result with a note where it is of matrices and no faster than the device's vector units in the same
 * run; any other as it is.
 *
 * @param before the run's results until now.
 */
export function noteEmulation(result: Result, before: readonly Result[]): Result {
  const { outcome, name, device, parameters } = result;
  if (outcome.state !== "ok" || !name.startsWith("compute.matrix_")) return result;
  const figures = VECTOR_FIGURES[String(parameters["input"])] ?? [];
  const [fastest] = before
    .filter((other) => other.device === device && figures.includes(other.name))
    .flatMap((other) => {
      const median = medianOf(other);
      return median === undefined ? [] : [{ other, median }];
    })
    .sort((a, b) => b.median - a.median);
  if (fastest === undefined || outcome.measured.summary.median > fastest.median) return result;
  const { other, median } = fastest;
  const note =
    `no faster than the vector units (${other.title}: ${Number(median.toPrecision(4))} ` +
    `${other.unit}): emulated, or without a unit of its own`;
  const notes = [...outcome.measured.notes, note];
  return { ...result, outcome: { ...outcome, measured: { ...outcome.measured, notes } } };
}

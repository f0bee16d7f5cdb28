/**
 * The peaks of the host's processors.
 *
 * @module
 */

import type { HostTarget } from "../host/target.ts";
import { type PeakSource, unknownPeaks } from "./peak.ts";

/** The most multiply-adds of any instruction set, at the clock that was seen on all CPUs. */
export function hostPeaks(host: Pick<HostTarget, "fmaPeak" | "instructionSets">): PeakSource {
  return (key) => {
    if (key !== "fp32" && key !== "fp64") return unknownPeaks(`no table of ${key} for processors`);
    const [best] = host.instructionSets.map((isa) => host.fmaPeak(isa, key))
      .filter((peak) => peak !== null)
      .sort((a, b) => b.value - a.value);
    if (best === undefined) {
      return unknownPeaks(
        "the units of these processors, or the number of their cores, is not known",
      );
    }
    return {
      rated: null,
      observed: {
        value: best.value,
        unit: "TFLOP/s",
        formula: best.formula,
        source:
          "optimisation manuals of the processors' makers; clock measured on all CPUs at once",
      },
      reason: "the highest clock of all cores at once is not published",
    };
  };
}

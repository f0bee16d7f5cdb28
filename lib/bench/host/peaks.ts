/**
 * What processors can do at most, where it is known.
 *
 * @module
 */

import type { InstructionSet, Precision } from "../../../ffi/host.ts";
import type { ProcessorModel } from "./processor.ts";

/** Fused multiply-add units of one core. */
interface Units {
  readonly count: number;
  /** Width of each in bits, for vectors at least as wide. */
  readonly bits: number;
}

/** The units of a microarchitecture, by the instructions that use them. */
interface Microarchitecture {
  readonly name: string;
  matches(model: ProcessorModel): boolean;
  readonly units: Partial<Record<InstructionSet, Units>>;
}

function intel(...models: number[]): Microarchitecture["matches"] {
  return (of) =>
    of.maker === "x86" && of.vendor === "GenuineIntel" && of.family === 6 &&
    models.includes(of.model);
}

function amd(family: number, fits: (model: number) => boolean): Microarchitecture["matches"] {
  return (of) =>
    of.maker === "x86" && of.vendor === "AuthenticAMD" && of.family === family && fits(of.model);
}

function arm(...parts: number[]): Microarchitecture["matches"] {
  return (of) => of.maker === "arm" && of.implementer === 0x41 && parts.includes(of.part);
}

const TWO_256 = { count: 2, bits: 256 };
const TWO_512 = { count: 2, bits: 512 };

/**
 * Microarchitectures whose cores are all alike and have the same units in every product. Those that do
 * not (Skylake-SP with one or two units, hybrids) are left out, and have no known peak.
 *
 * Source: Intel 64 and IA-32 Architectures Optimization Reference Manual; AMD's Software Optimization
 * Guides for families 17h, 19h and 1Ah; Arm's Software Optimization Guides for the Neoverse cores.
 */
const MICROARCHITECTURES: readonly Microarchitecture[] = [
  {
    name: "Haswell to Skylake",
    matches: intel(
      0x3c,
      0x3f,
      0x45,
      0x46,
      0x3d,
      0x47,
      0x4f,
      0x56,
      0x4e,
      0x55,
      0x5e,
      0x8e,
      0x9e,
      0xa5,
      0xa6,
    ),
    units: { avx2: TWO_256 },
  },
  {
    name: "Ice Lake client to Rocket Lake",
    matches: intel(0x7d, 0x7e, 0x8c, 0x8d, 0xa7),
    units: { avx2: TWO_256, avx512: { count: 1, bits: 512 } },
  },
  {
    name: "Ice Lake SP to Granite Rapids",
    matches: intel(0x6a, 0x6c, 0x8f, 0xcf, 0xad, 0xae),
    units: { avx2: TWO_256, avx512: TWO_512 },
  },
  {
    name: "Zen",
    matches: amd(0x17, (model) => model < 0x30),
    units: { avx2: { count: 2, bits: 128 } },
  },
  { name: "Zen 2", matches: amd(0x17, (model) => model >= 0x30), units: { avx2: TWO_256 } },
  {
    name: "Zen 3 and Zen 4",
    matches: amd(0x19, () => true),
    units: { avx2: TWO_256, avx512: TWO_256 },
  },
  {
    name: "Zen 5, server and desktop",
    matches: amd(0x1a, (model) => model < 0x20 || (model >= 0x40 && model < 0x50)),
    units: { avx2: TWO_256, avx512: TWO_512 },
  },
  {
    name: "Neoverse N1 and N2",
    matches: arm(0xd0c, 0xd49),
    units: { neon: { count: 2, bits: 128 } },
  },
  {
    name: "Neoverse V1 to V3",
    matches: arm(0xd40, 0xd4f, 0xd84),
    units: { neon: { count: 4, bits: 128 } },
  },
];

/** A peak, and what it was computed from. */
export interface Peak {
  /** In TFLOP/s. */
  readonly value: number;
  /** E.g. `2 cores x 3.70 GHz observed x 2 units x 16 lanes x 2 operations (Zen 5, server and desktop)`. */
  readonly formula: string;
}

/**
 * The most fused multiply-adds that some cores can do, counting two operations each.
 *
 * @param clockGhz of every core.
 * @returns null for a processor, or an instruction set, whose units are not known.
 */
export function fmaPeak(
  model: ProcessorModel | null,
  cores: number,
  clockGhz: number,
  isa: InstructionSet,
  precision: Precision,
): Peak | null {
  const architecture = model && MICROARCHITECTURES.find((each) => each.matches(model));
  const units = architecture?.units[isa];
  if (!architecture || units === undefined) return null;
  const lanes = units.bits / (precision === "fp32" ? 32 : 64);
  return {
    value: cores * clockGhz * units.count * lanes * 2 / 1000,
    formula: `${cores} cores x ${clockGhz.toFixed(2)} GHz observed x ${units.count} units x ` +
      `${lanes} lanes x 2 operations (${architecture.name})`,
  };
}

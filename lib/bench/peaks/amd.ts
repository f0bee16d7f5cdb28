/**
 * The make-up of AMD GPUs.
 *
 * Sources: AMD's whitepapers on CDNA, CDNA 2 and CDNA 3 (operations of one CU in one clock); AMD's product
 * pages of the Radeon RX boards, whose peaks are those of the table at the boards' boost clocks.
 *
 * @module
 */

import type { PciAddress } from "../../gpu/pci_address.ts";
import type { Sysroot } from "../../sysfs/sysroot.ts";
import { parseKfdProperties, readKfdNodes } from "../../discovery/kfd.ts";
import type { DeviceModel } from "./model.ts";

/** What AMD's compute driver tells of a GPU, or of a partition of one. Null is unknown. */
export interface AmdFacts {
  /** `gfx_target_version` in decimal as LLVM writes it: `gfx942`; null where the driver is not loaded. */
  target: string | null;
  computeUnits: number | null;
  coreMaxMhz: number | null;
  memoryMaxMhz: number | null;
  busBits: number | null;
}

/** What one CU does. */
interface ComputeUnit {
  name: string;
  /** Targets by LLVM's names. */
  targets: readonly string[];
  /** Operations in a clock, by key: a multiply-add is 2. */
  operations: Readonly<Record<string, number>>;
  /** Data transfers of the memory's pins in one clock of the driver's; null where it differs by board. */
  transfersPerClock: number | null;
}

/** Rates of matrix units, from that of fp16. */
function matrix(fp16: number, more: Readonly<Record<string, number>>) {
  return {
    "matrix.fp16.fp32": fp16,
    "matrix.bf16.fp32": fp16,
    ...Object.fromEntries(Object.entries(more).map(([key, rate]) => [`matrix.${key}`, rate])),
  };
}

const RDNA2 = { fp32: 128, fp16: 256, fp64: 8, int8_dot: 512 };
const RDNA3 = {
  fp32: 256,
  fp16: 512,
  fp64: 8,
  ...matrix(512, { "fp16.fp16": 512, "int8.int32": 512 }),
};

const COMPUTE_UNITS: readonly ComputeUnit[] = [
  {
    name: "GCN 4",
    targets: ["gfx803"],
    operations: { fp32: 128, fp64: 8 },
    transfersPerClock: 4,
  },
  {
    name: "Vega",
    targets: ["gfx900"],
    operations: { fp32: 128, fp16: 256, fp64: 8 },
    transfersPerClock: 2,
  },
  {
    name: "CDNA",
    targets: ["gfx908"],
    operations: {
      fp32: 128,
      fp64: 64,
      ...matrix(1024, { "bf16.fp32": 512, "int8.int32": 1024, "fp32.fp32": 256 }),
    },
    transfersPerClock: 2,
  },
  {
    name: "CDNA 2",
    targets: ["gfx90a"],
    operations: {
      fp32: 256,
      fp64: 128,
      ...matrix(1024, { "int8.int32": 1024, "fp32.fp32": 256, "fp64.fp64": 256 }),
    },
    transfersPerClock: 2,
  },
  {
    name: "CDNA 3",
    targets: ["gfx940", "gfx941", "gfx942"],
    operations: {
      fp32: 256,
      fp64: 128,
      ...matrix(2048, {
        "tf32.fp32": 1024,
        "fp8.fp32": 4096,
        "int8.int32": 4096,
        "fp32.fp32": 256,
        "fp64.fp64": 256,
      }),
    },
    transfersPerClock: 2,
  },
  {
    name: "RDNA",
    targets: ["gfx1010", "gfx1011", "gfx1012"],
    operations: { fp32: 128, fp16: 256, fp64: 8 },
    transfersPerClock: 16,
  },
  {
    name: "RDNA 2",
    targets: ["gfx1030", "gfx1031", "gfx1032", "gfx1034"],
    operations: RDNA2,
    transfersPerClock: 16,
  },
  {
    name: "RDNA 2, integrated",
    targets: ["gfx1033", "gfx1035", "gfx1036"],
    operations: RDNA2,
    transfersPerClock: null,
  },
  {
    name: "RDNA 3",
    targets: ["gfx1100", "gfx1101", "gfx1102"],
    operations: RDNA3,
    transfersPerClock: 16,
  },
  {
    name: "RDNA 3, integrated",
    targets: ["gfx1103", "gfx1150", "gfx1151", "gfx1152"],
    operations: RDNA3,
    transfersPerClock: null,
  },
  {
    name: "RDNA 4",
    targets: ["gfx1200", "gfx1201"],
    operations: {
      fp32: 256,
      fp16: 512,
      fp64: 4,
      ...matrix(1024, { "fp16.fp16": 1024, "int8.int32": 2048, "fp8.fp32": 2048 }),
    },
    transfersPerClock: 16,
  },
];

/** `gfx942` for 90402: major, minor and stepping, of which the last two are written in hexadecimal. */
export function gfxTarget(version: number): string {
  const major = Math.floor(version / 10000), minor = Math.floor(version / 100) % 100;
  return `gfx${major}${minor.toString(16)}${(version % 100).toString(16)}`;
}

const NODES = "/sys/class/kfd/kfd/topology/nodes";

/**
 * Reads what AMD's compute driver tells of the GPU at an address.
 *
 * Source of the format: `drivers/gpu/drm/amd/amdkfd/kfd_topology.c`.
 */
export function readAmdFacts(sysroot: Sysroot, slot: PciAddress | null): AmdFacts {
  const nodes = readKfdNodes(sysroot).filter(({ address }) => address === slot);
  const [node] = nodes;
  const read = (path: string) =>
    parseKfdProperties(sysroot.text(`${NODES}/${node?.node}/${path}/properties`) ?? "");
  // A GPU in several partitions has a node for each, and Vulkan shows them as it likes.
  if (node === undefined || nodes.length > 1) {
    return {
      target: null,
      computeUnits: null,
      coreMaxMhz: null,
      memoryMaxMhz: null,
      busBits: null,
    };
  }
  const of = read("."), bank = read("mem_banks/0");
  const known = (value: number | undefined) => value || null;
  const version = of.get("gfx_target_version");
  const simds = of.get("simd_count"), perUnit = of.get("simd_per_cu");
  return {
    target: version ? gfxTarget(version) : null,
    computeUnits: simds && perUnit ? simds / perUnit : null,
    coreMaxMhz: known(of.get("max_engine_clk_fcompute")),
    memoryMaxMhz: known(bank.get("mem_clk_max")),
    busBits: known(bank.get("width")),
  };
}

/**
 * The make-up of an AMD GPU.
 *
 * @param activeUnits compute units as Vulkan counts them; null where it does not tell.
 */
export function amdModel(facts: AmdFacts, activeUnits: number | null): DeviceModel {
  const of = COMPUTE_UNITS.find(({ targets }) => targets.includes(facts.target ?? ""));
  const { busBits, memoryMaxMhz: maxMhz, coreMaxMhz } = facts;
  const transfersPerClock = of?.transfersPerClock ?? null;
  const silent = "AMD's compute driver (kfd) does not tell";
  const units = activeUnits ?? facts.computeUnits;
  return {
    unitName: "CUs",
    units: units === null ? { value: null, reason: `${silent} how many CUs the GPU has` } : {
      value: units,
      source: activeUnits === null ? "CUs by kfd" : "CUs by VK_AMD_shader_core_properties",
    },
    operations: of === undefined
      ? {
        value: null,
        reason: facts.target === null
          ? `${silent} the GPU's target`
          : `no table of rates for ${facts.target}`,
      }
      : { value: of.operations, source: `AMD's whitepapers and product pages of ${of.name}` },
    coreMaxMhz: coreMaxMhz === null
      ? { value: null, reason: `${silent} the highest clock` }
      : { value: coreMaxMhz, source: "highest clock by kfd" },
    memory: busBits === null || maxMhz === null || transfersPerClock === null
      ? { value: null, reason: "the memory's bus width, clock or data rate is not known" }
      : {
        value: { busBits, transfersPerClock, maxMhz },
        source: "bus width and memory clock by kfd",
      },
    datasheet: {},
    clocksHold: false,
  };
}

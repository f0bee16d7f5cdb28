/**
 * The make-up of NVIDIA GPUs.
 *
 * Sources: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions"; NVIDIA's
 * whitepapers on the architectures Maxwell to Blackwell, tables of the rates of one SM. Neither has dot
 * products of bytes: from Ampere to Hopper they run in the pipe of integer multiply-adds (Nsight Compute
 * Profiling Guide, "Pipelines": FMA, FMA heavy), which takes 64 in a clock. 16-bit integers have no rate of
 * their own anywhere.
 *
 * @module
 */

import type { DeviceModel, Fact } from "./model.ts";
import { memorySheetOf } from "./nvidia_memory.ts";

/** What the driver tells of a GPU. Null is unknown. */
export interface NvidiaFacts {
  name: string;
  computeCapability: { major: number; minor: number } | null;
  /** SMs as Vulkan counts them, those of the MIG instance; null without VK_NV_shader_sm_builtins. */
  multiprocessors: number | null;
  /** CUDA cores of the whole GPU. */
  cores: number | null;
  coreMaxMhz: number | null;
  memoryMaxMhz: number | null;
  busBits: number | null;
  migEnabled: boolean;
}

/** What one SM does. */
interface Multiprocessor {
  name: string;
  /** Compute capabilities, `9.0`. */
  capabilities: readonly string[];
  /**
   * Multiply-adds in a clock, by key; a dot product of four bytes is four. Formats whose rate is not
   * published are left out.
   */
  fma: Readonly<Record<string, number>>;
  /** Whether GeForce boards accumulate fp32 in their tensor cores at half the rate. */
  geforceHalf?: boolean;
}

/** Rates of tensor cores, from that of fp16. */
function tensor(fp16: number, more: Readonly<Record<string, number>> = {}) {
  return {
    "matrix.fp16.fp16": fp16,
    "matrix.fp16.fp32": fp16,
    ...Object.fromEntries(Object.entries(more).map(([key, rate]) => [`matrix.${key}`, rate])),
  };
}

const MULTIPROCESSORS: readonly Multiprocessor[] = [
  { name: "Maxwell", capabilities: ["5.0", "5.2"], fma: { fp32: 128, fp64: 4 } },
  { name: "Pascal GP100", capabilities: ["6.0"], fma: { fp32: 64, fp64: 32, fp16: 128 } },
  { name: "Pascal", capabilities: ["6.1"], fma: { fp32: 128, fp64: 4, int8_dot: 512 } },
  {
    name: "Volta",
    capabilities: ["7.0"],
    fma: { fp32: 64, fp64: 32, fp16: 128, int32: 64, ...tensor(512) },
  },
  {
    name: "Turing",
    capabilities: ["7.5"],
    fma: { fp32: 64, fp64: 2, fp16: 128, int32: 64, ...tensor(512, { "int8.int32": 1024 }) },
    geforceHalf: true,
  },
  {
    name: "Ampere GA100",
    capabilities: ["8.0"],
    fma: {
      fp32: 64,
      fp64: 32,
      fp16: 256,
      bf16: 128,
      int32: 64,
      int8_dot: 256,
      ...tensor(1024, {
        "bf16.fp32": 1024,
        "tf32.fp32": 512,
        "int8.int32": 2048,
        "fp64.fp64": 64,
      }),
    },
  },
  {
    name: "Ampere",
    capabilities: ["8.6"],
    fma: {
      fp32: 128,
      fp64: 2,
      fp16: 128,
      bf16: 128,
      int32: 64,
      int8_dot: 256,
      ...tensor(512, { "bf16.fp32": 512, "tf32.fp32": 256, "int8.int32": 1024 }),
    },
    geforceHalf: true,
  },
  {
    name: "Ada",
    capabilities: ["8.9"],
    fma: {
      fp32: 128,
      fp64: 2,
      fp16: 128,
      bf16: 128,
      int32: 64,
      int8_dot: 256,
      ...tensor(512, {
        "bf16.fp32": 512,
        "tf32.fp32": 256,
        "int8.int32": 1024,
        "fp8.fp16": 1024,
        "fp8.fp32": 1024,
      }),
    },
    geforceHalf: true,
  },
  {
    name: "Hopper",
    capabilities: ["9.0"],
    fma: {
      fp32: 128,
      fp64: 64,
      fp16: 256,
      bf16: 256,
      int32: 64,
      int8_dot: 256,
      ...tensor(2048, {
        "bf16.fp32": 2048,
        "tf32.fp32": 1024,
        "int8.int32": 4096,
        "fp8.fp16": 4096,
        "fp8.fp32": 4096,
        "fp64.fp64": 128,
      }),
    },
  },
  {
    name: "Blackwell GB100",
    capabilities: ["10.0"],
    fma: {
      fp32: 128,
      fp64: 64,
      ...tensor(4096, {
        "bf16.fp32": 4096,
        "tf32.fp32": 2048,
        "int8.int32": 8192,
        "fp8.fp16": 8192,
        "fp8.fp32": 8192,
      }),
    },
  },
  {
    name: "Blackwell",
    capabilities: ["12.0"],
    fma: {
      fp32: 128,
      fp64: 2,
      fp16: 128,
      bf16: 128,
      int32: 128,
      ...tensor(512, {
        "bf16.fp32": 512,
        "tf32.fp32": 256,
        "int8.int32": 1024,
        "fp8.fp16": 1024,
        "fp8.fp32": 1024,
      }),
    },
    geforceHalf: true,
  },
];

/** What a datasheet says of a board, for dense matrices. */
interface Datasheet {
  /** Fits the name by NVML or Vulkan. */
  name: RegExp;
  source: string;
  /** By key of the peak, in TFLOP/s or TOP/s. */
  rates: Readonly<Record<string, number>>;
}

/** Rates of a datasheet that states fp16 and bf16, and others in fixed proportions to them. */
function sheet(fp16: number, more: Readonly<Record<string, number>>) {
  return {
    "matrix.fp16.fp16": fp16,
    "matrix.fp16.fp32": fp16,
    "matrix.bf16.fp32": fp16,
    ...Object.fromEntries(Object.entries(more).map(([key, rate]) => [`matrix.${key}`, rate])),
  };
}

/** Boards whose datasheets assume another clock than the highest. First match counts. */
const DATASHEETS: readonly Datasheet[] = [
  {
    name: /\bH200\b(?! NVL)|\bH100 80GB HBM3\b|\bH100 SXM/,
    source: "NVIDIA H100 and H200 datasheets, SXM, without sparsity (boost of 1.830 GHz)",
    rates: sheet(989.4, {
      "tf32.fp32": 494.7,
      "int8.int32": 1978.9,
      "fp8.fp16": 1978.9,
      "fp8.fp32": 1978.9,
      "fp64.fp64": 66.9,
    }),
  },
  {
    name: /\bH100 PCIe\b/,
    source: "NVIDIA H100 datasheet, PCIe, without sparsity",
    rates: sheet(756.4, { "tf32.fp32": 378.2, "int8.int32": 1512.9, "fp8.fp32": 1512.9 }),
  },
  {
    name: /\bH100 NVL\b|\bH200 NVL\b/,
    source: "NVIDIA H100 NVL and H200 NVL datasheets, without sparsity",
    rates: sheet(835.5, { "tf32.fp32": 417.7, "int8.int32": 1670.9, "fp8.fp32": 1670.9 }),
  },
  {
    name: /\bB200\b/,
    source: "NVIDIA DGX B200 datasheet, one of 8 GPUs, without sparsity",
    rates: sheet(2250, { "tf32.fp32": 1125, "int8.int32": 4500, "fp8.fp32": 4500 }),
  },
  {
    name: /\bA100\b/,
    source: "NVIDIA A100 datasheet, without sparsity",
    rates: sheet(312, { "tf32.fp32": 156, "int8.int32": 624, "fp64.fp64": 19.5 }),
  },
  {
    name: /\bL40S\b/,
    source: "NVIDIA L40S datasheet, without sparsity",
    rates: sheet(362.05, { "tf32.fp32": 183, "int8.int32": 733, "fp8.fp32": 733 }),
  },
  {
    name: /\bL4\b/,
    source: "NVIDIA L4 datasheet, without sparsity",
    rates: sheet(121, { "tf32.fp32": 60, "int8.int32": 242, "fp8.fp32": 242.5 }),
  },
];

const GUIDE =
  "CUDA C++ Programming Guide, Nsight Compute Profiling Guide and NVIDIA's whitepaper on";

function multiprocessorOf(facts: NvidiaFacts): Multiprocessor | undefined {
  if (facts.computeCapability === null) return undefined;
  const { major, minor } = facts.computeCapability;
  return MULTIPROCESSORS.find(({ capabilities }) => capabilities.includes(`${major}.${minor}`));
}

/** Operations of one SM: two a multiply-add, and half with fp32 accumulators on some boards. */
function operationsOf(of: Multiprocessor, name: string): Record<string, number> {
  const halved = of.geforceHalf === true && /GeForce/i.test(name);
  return Object.fromEntries(
    Object.entries(of.fma).map(([key, rate]) => {
      const isHalf = halved && key.startsWith("matrix.") && key.endsWith(".fp32");
      return [key, 2 * rate / (isHalf ? 2 : 1)];
    }),
  );
}

function unitsOf(facts: NvidiaFacts, of: Multiprocessor | undefined): Fact<number> {
  if (facts.multiprocessors !== null) {
    return { value: facts.multiprocessors, source: "SMs by VK_NV_shader_sm_builtins" };
  }
  const perSm = of?.fma["fp32"];
  if (facts.cores === null || perSm === undefined) {
    return { value: null, reason: "neither Vulkan nor NVML tells how many SMs the GPU has" };
  }
  return { value: facts.cores / perSm, source: "SMs from the cores by NVML" };
}

function memoryOf(facts: NvidiaFacts): DeviceModel["memory"] {
  if (facts.migEnabled) {
    return { value: null, reason: "the GPU is divided (MIG), and so is its memory's bandwidth" };
  }
  if (facts.busBits === null || facts.memoryMaxMhz === null) {
    return { value: null, reason: "NVML does not tell the memory's bus width or clock" };
  }
  return {
    // NVML counts any memory's clock as if it were of double data rate.
    value: { busBits: facts.busBits, transfersPerClock: 2, maxMhz: facts.memoryMaxMhz },
    source: "bus width and memory clock by NVML",
  };
}

/** The make-up of an NVIDIA GPU. */
export function nvidiaModel(facts: NvidiaFacts): DeviceModel {
  const of = multiprocessorOf(facts);
  const { computeCapability: cc } = facts;
  const found = DATASHEETS.find(({ name }) => name.test(facts.name));
  const isWhole = found !== undefined && !facts.migEnabled;
  return {
    unitName: "SMs",
    units: unitsOf(facts, of),
    operations: of === undefined
      ? {
        value: null,
        reason: cc === null
          ? "the GPU's compute capability is not known"
          : `no table of rates for compute capability ${cc.major}.${cc.minor}`,
      }
      : { value: operationsOf(of, facts.name), source: `${GUIDE} ${of.name}` },
    coreMaxMhz: facts.coreMaxMhz === null
      ? { value: null, reason: "NVML does not tell the highest clock" }
      : { value: facts.coreMaxMhz, source: "highest clock by NVML" },
    memory: memoryOf(facts),
    memorySheet: facts.migEnabled ? undefined : memorySheetOf(facts.name),
    datasheet: isWhole
      ? Object.fromEntries(
        Object.entries(found.rates).map(([key, value]) => [key, { value, source: found.source }]),
      )
      : {},
    clocksHold: true,
  };
}

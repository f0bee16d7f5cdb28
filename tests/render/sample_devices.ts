/**
 * Made-up devices, and figures that they could have: nobody measured them.
 *
 * @module
 */

import type { BenchDevice } from "../../lib/bench/report.ts";

const MiB = 1 << 20;

/** Rates and peaks of one kind of device, in GB/s and TFLOP/s. */
export interface Rates {
  memory: Record<string, number>;
  memoryPeak: number | null;
  cache: number;
  lastLevelBytes: number;
  compute: Record<string, [rate: number, peak: number | null]>;
  host: number;
}

/** Of one GPU with memory of its own. */
export const H200: Rates = {
  memory: {
    read: 4539,
    write: 4310,
    copy: 4402,
    triad: 4365,
    gather: 1203,
    "copy buffer": 3420,
    fill: 4280,
  },
  memoryPeak: 4815,
  cache: 9230,
  lastLevelBytes: 50 * MiB,
  compute: {
    fp32: [65.8, 66.9],
    fp64: [33.1, 33.5],
    fp16: [129, 133.8],
    bf16: [128.4, 133.8],
    int32: [32.6, 33.5],
    int16: [63.1, null],
    "int8 dot": [121, null],
    "fp16 matrix, fp16 accumulator": [741, 989.4],
    "fp16 matrix, fp32 accumulator": [655, 989.4],
    "bf16 matrix, fp32 accumulator": [648, 989.4],
    "fp8 e4m3 matrix, fp32 accumulator": [1290, 1978.9],
    "fp8 e5m2 matrix, fp32 accumulator": [1288, 1978.9],
    "int8 matrix, int32 accumulator": [1301, 1978.9],
    "fp16 GEMM 8192, fp32 accumulator": [598, 989.4],
    "bf16 GEMM 8192, fp32 accumulator": [594, 989.4],
  },
  host: 55.3,
};

/** Of a software device. */
export const SOFTWARE: Rates = {
  memory: {
    read: 6.49,
    write: 5.02,
    copy: 7.22,
    triad: 6.31,
    gather: 0.41,
    "copy buffer": 9.8,
    fill: 11.2,
  },
  memoryPeak: null,
  cache: 38,
  lastLevelBytes: 2 * MiB,
  compute: { fp32: [0.168, null], fp64: [0.17, null], fp16: [0.0284, null], int32: [0.189, null] },
  host: 9.1,
};

/** The host. */
export const HOST: BenchDevice = {
  id: "host",
  name: "Sample Processor 9000",
  kind: "host",
  pci_slot: null,
  uuid: null,
  driver: null,
  api_version: null,
  environment: null,
};

/** The `i`-th GPU of a host. */
export function h200(i: number): BenchDevice {
  const pci_slot = `0000:${(0x19 + 0x11 * i).toString(16)}:00.0`;
  return {
    id: `pci:${pci_slot}`,
    name: "NVIDIA H200",
    kind: "discrete",
    pci_slot,
    uuid: `GPU-00000000-0000-0000-0000-00000000000${i}`,
    driver: "NVIDIA 580.95.05",
    api_version: "1.4.312",
    environment: {
      driver_version: "580.95.05",
      driver_uuid: "b92269eb-db43-5d4a-8f0f-0a0b0c0d0e0f",
      memory_total_bytes: 150754820096,
      pcie_link_gen: 5,
      pcie_link_width: 16,
      pcie_link_gen_max: 5,
      pcie_link_width_max: 16,
      numa_node: i < 4 ? 0 : 1,
      local_cpus: i < 4 ? "0-55" : "56-111",
      iommu_group: null,
      ecc_enabled: true,
      mig_enabled: false,
      power_limit_w: 700,
      power_limit_default_w: 700,
      absent: { iommu_group: "the kernel uses no IOMMU" },
    },
  };
}

/** The `i`-th software device of a host. */
export function software(i: number): BenchDevice {
  const names = ["SwiftShader Device (Subzero)", "llvmpipe (LLVM 15.0.6, 256 bits)"];
  return {
    id: `vulkan:${i}`,
    name: names[i] ?? `software ${i}`,
    kind: "software",
    pci_slot: null,
    uuid: null,
    driver: ["SwiftShader driver", "llvmpipe Mesa 22.3.6 (LLVM 15.0.6)"][i] ?? null,
    api_version: "1.3.230",
    environment: null,
  };
}

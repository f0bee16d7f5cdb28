/**
 * The ABI of NVML, as far as telemetry needs more than `nvml_abi.ts`: structures, functions, numbers.
 *
 * Source: `nvml.h` of the NVML API reference, 10.1 to 13.0.
 *
 * @module
 */

import { DEVICE_OUT, DEVICE_PAIR, LINK_OUT } from "./nvml_abi.ts";
import { structure } from "./struct.ts";

/** `nvmlFanSpeedInfo_v1_t`, revolutions per minute. Since 12.6. */
export const NvmlFanSpeedInfoV1Layout = structure("nvmlFanSpeedInfo_v1_t", [
  { name: "version", type: "u32" },
  { name: "fan", type: "u32" },
  { name: "speed", type: "u32" },
]);

/** `nvmlBAR1Memory_t`, bytes. */
export const NvmlBar1MemoryLayout = structure("nvmlBAR1Memory_t", [
  { name: "bar1Total", type: "u64" },
  { name: "bar1Free", type: "u64" },
  { name: "bar1Used", type: "u64" },
]);

/** `nvmlProcessInfo_v1_t`: what functions without a version fill in. */
export const NvmlProcessInfoV1Layout = structure("nvmlProcessInfo_v1_t", [
  { name: "pid", type: "u32" },
  { name: "usedGpuMemory", type: "u64" },
]);

/** `nvmlProcessInfo_v2_t`: what `_v2` functions fill in, and `_v3` functions of most drivers. */
export const NvmlProcessInfoV2Layout = structure("nvmlProcessInfo_v2_t", [
  { name: "pid", type: "u32" },
  { name: "usedGpuMemory", type: "u64" },
  { name: "gpuInstanceId", type: "u32" },
  { name: "computeInstanceId", type: "u32" },
]);

/**
 * What `_v3` functions of the first drivers of the branch 535 fill in: `nvmlProcessInfo_t` of the headers
 * 12.535.43 to 12.535.77. Later drivers of the same branch went back, under the same names.
 */
export const NvmlProcessInfo535Layout = structure("nvmlProcessInfo_535_t", [
  { name: "pid", type: "u32" },
  { name: "usedGpuMemory", type: "u64" },
  { name: "gpuInstanceId", type: "u32" },
  { name: "computeInstanceId", type: "u32" },
  { name: "usedGpuCcProtectedMemory", type: "u64" },
]);

/** `nvmlProcessUtilizationSample_t`: µs since 1970, per cent. */
export const NvmlProcessUtilizationSampleLayout = structure("nvmlProcessUtilizationSample_t", [
  { name: "pid", type: "u32" },
  { name: "timeStamp", type: "u64" },
  { name: "smUtil", type: "u32" },
  { name: "memUtil", type: "u32" },
  { name: "encUtil", type: "u32" },
  { name: "decUtil", type: "u32" },
]);

/** A handle by a text: an address or a UUID. */
const BY_TEXT = { parameters: ["buffer", "buffer"], result: "i32", optional: true } as const;

const ERROR_STRING = { parameters: ["i32"], result: "pointer" } as const;

/** The functions that telemetry uses beside those of `nvml_abi.ts`. */
export const TELEMETRY_SYMBOLS = {
  nvmlErrorString: ERROR_STRING,
  nvmlDeviceGetHandleByPciBusId_v2: BY_TEXT,
  nvmlDeviceGetHandleByUUID: BY_TEXT,
  nvmlDeviceGetBAR1MemoryInfo: DEVICE_OUT,
  nvmlDeviceGetTotalEnergyConsumption: DEVICE_OUT,
  nvmlDeviceGetPowerManagementLimit: DEVICE_OUT,
  nvmlDeviceGetPowerManagementLimitConstraints: DEVICE_PAIR,
  nvmlDeviceGetTemperatureThreshold: LINK_OUT,
  nvmlDeviceGetClockInfo: LINK_OUT,
  nvmlDeviceGetEncoderUtilization: DEVICE_PAIR,
  nvmlDeviceGetDecoderUtilization: DEVICE_PAIR,
  nvmlDeviceGetNumFans: DEVICE_OUT,
  nvmlDeviceGetFanSpeed_v2: LINK_OUT,
  nvmlDeviceGetFanSpeed: DEVICE_OUT,
  nvmlDeviceGetFanSpeedRPM: DEVICE_OUT,
  nvmlDeviceGetPerformanceState: DEVICE_OUT,
  nvmlDeviceGetTotalEccErrors: {
    parameters: ["pointer", "u32", "u32", "buffer"],
    result: "i32",
    optional: true,
  },
  nvmlDeviceGetRetiredPages: {
    parameters: ["pointer", "u32", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  nvmlDeviceGetRemappedRows: {
    parameters: ["pointer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  nvmlDeviceGetFieldValues: {
    parameters: ["pointer", "i32", "buffer"],
    result: "i32",
    optional: true,
  },
  // Counts for 20 ms before it returns: not on the thread that everything else waits for.
  nvmlDeviceGetPcieThroughput: { ...LINK_OUT, nonblocking: true },
} as const;

/** The functions that list the programs on a GPU. */
export const PROCESS_SYMBOLS = {
  nvmlErrorString: ERROR_STRING,
  nvmlDeviceGetComputeRunningProcesses_v3: DEVICE_PAIR,
  nvmlDeviceGetComputeRunningProcesses_v2: DEVICE_PAIR,
  nvmlDeviceGetComputeRunningProcesses: DEVICE_PAIR,
  nvmlDeviceGetGraphicsRunningProcesses_v3: DEVICE_PAIR,
  nvmlDeviceGetGraphicsRunningProcesses_v2: DEVICE_PAIR,
  nvmlDeviceGetGraphicsRunningProcesses: DEVICE_PAIR,
  nvmlDeviceGetMPSComputeRunningProcesses_v3: DEVICE_PAIR,
  nvmlDeviceGetMPSComputeRunningProcesses_v2: DEVICE_PAIR,
  nvmlDeviceGetMPSComputeRunningProcesses: DEVICE_PAIR,
  nvmlDeviceGetProcessUtilization: {
    parameters: ["pointer", "buffer", "buffer", "u64"],
    result: "i32",
    optional: true,
  },
} as const;

/** `nvmlReturn_t`, those that mean something to a caller. */
export const NVML_RESULT = {
  invalidArgument: 2,
  notSupported: 3,
  noPermission: 4,
  notFound: 6,
  insufficientSize: 7,
  functionNotFound: 13,
  gpuIsLost: 15,
  resetRequired: 16,
  versionMismatch: 25,
} as const;

/** `NVML_FI_DEV_…`. */
export const TELEMETRY_FIELDS = {
  /** °C. */
  memoryTemperature: 82,
  /** KiB of data since the driver was loaded, without what the protocol adds; of one link, or of all. */
  nvlinkDataTx: 138,
  nvlinkDataRx: 139,
} as const;

/** `scopeId` of an NVLink field: all links together. */
export const ALL_LINKS = 0xffffffff;

/** `NVML_TEMPERATURE_THRESHOLD_SLOWDOWN`. */
export const THRESHOLD_SLOWDOWN = 1;

/** `NVML_CLOCK_VIDEO`. */
export const CLOCK_VIDEO = 3;

/** `nvmlMemoryErrorType_t`. */
export const ECC_ERROR = { corrected: 0, uncorrected: 1 } as const;

/** `NVML_VOLATILE_ECC`: counted since the driver was loaded. */
export const VOLATILE_ECC = 0;

/** `nvmlPcieUtilCounter_t`, as seen from the GPU. */
export const PCIE_COUNTER = { tx: 0, rx: 1 } as const;

/** `NVML_PSTATE_UNKNOWN`. */
export const PSTATE_UNKNOWN = 32;

/** `gpuInstanceId` and `computeInstanceId` of a program that is on the whole GPU. */
export const NO_INSTANCE = 0xffffffff;

/**
 * Whether a number of 32 bits stands for none: all ones, or one of the four blanks of DCGM
 * (`DCGM_INT32_BLANK` and the three behind it), which drivers are seen to pass through.
 */
export function isBlank32(value: number): boolean {
  return value === 0xffffffff || (value >= 0x7ffffff0 && value <= 0x7ffffff3);
}

/**
 * Whether a number of 64 bits stands for none: `NVML_VALUE_NOT_AVAILABLE`, all ones, or a blank of DCGM:
 * 9223372036854775794 (`DCGM_INT64_NOT_SUPPORTED`) and its neighbours. A double cannot tell these from one
 * another, and no counter or size comes near.
 */
export function isBlank64(value: number | bigint): boolean {
  return Number(value) >= 2 ** 62;
}

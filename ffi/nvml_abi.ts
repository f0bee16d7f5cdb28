/**
 * The ABI of NVML: structures, functions, numbers.
 *
 * Source: `nvml.h` of the NVML API reference, 12.2 to 13.0.
 *
 * @module
 */

import { structure } from "./struct.ts";

/** `nvmlPciInfo_t` (v3). The v2 structure ends after `pciSubSystemId` and reserved words. */
export const NvmlPciInfoLayout = structure("nvmlPciInfo_t", [
  { name: "busIdLegacy", type: { chars: 16 } },
  { name: "domain", type: "u32" },
  { name: "bus", type: "u32" },
  { name: "device", type: "u32" },
  { name: "pciDeviceId", type: "u32" },
  { name: "pciSubSystemId", type: "u32" },
  { name: "busId", type: { chars: 32 } },
]);

/** `nvmlMemory_t`, bytes. `used` holds what the driver reserves too. */
export const NvmlMemoryLayout = structure("nvmlMemory_t", [
  { name: "total", type: "u64" },
  { name: "free", type: "u64" },
  { name: "used", type: "u64" },
]);

/** `nvmlMemory_v2_t`, bytes. */
export const NvmlMemoryV2Layout = structure("nvmlMemory_v2_t", [
  { name: "version", type: "u32" },
  { name: "total", type: "u64" },
  { name: "reserved", type: "u64" },
  { name: "free", type: "u64" },
  { name: "used", type: "u64" },
]);

/** `nvmlUtilization_t`, per cent. */
export const NvmlUtilizationLayout = structure("nvmlUtilization_t", [
  { name: "gpu", type: "u32" },
  { name: "memory", type: "u32" },
]);

/** `nvmlTemperature_v1_t`, °C. */
export const NvmlTemperatureV1Layout = structure("nvmlTemperature_v1_t", [
  { name: "version", type: "u32" },
  { name: "sensorType", type: "u32" },
  { name: "temperature", type: "i32" },
]);

/** `nvmlFieldValue_t`. `value` is a union of numbers of up to 64 bits. */
export const NvmlFieldValueLayout = structure("nvmlFieldValue_t", [
  { name: "fieldId", type: "u32" },
  { name: "scopeId", type: "u32" },
  { name: "timestamp", type: "i64" },
  { name: "latencyUsec", type: "i64" },
  { name: "valueType", type: "i32" },
  { name: "nvmlReturn", type: "i32" },
  { name: "value", type: "u64" },
]);

/** Numbers of fields: `NVML_FI_DEV_NVLINK_GET_SPEED`, MB/s of the link that the scope numbers. */
export const FIELDS = { nvlinkSpeed: 164 } as const;

/** `NVML_VALUE_TYPE_UNSIGNED_INT`. */
export const UNSIGNED_INT = 1;

/** `NVML_STRUCT_VERSION`: the size of a structure and the number of its version. */
export function structVersion(size: number, version: number): number {
  return size | (version << 24);
}

const TEXT = { parameters: ["buffer", "u32"], result: "i32", optional: true } as const;
/** A text of a device. */
export const DEVICE_TEXT = {
  parameters: ["pointer", "buffer", "u32"],
  result: "i32",
  optional: true,
} as const;
/** A value or structure of a device. */
export const DEVICE_OUT = {
  parameters: ["pointer", "buffer"],
  result: "i32",
  optional: true,
} as const;
/** A value or structure of a part of a device: a link, a sensor, an instance. */
export const LINK_OUT = {
  parameters: ["pointer", "u32", "buffer"],
  result: "i32",
  optional: true,
} as const;

/** Two values of a device. */
export const DEVICE_PAIR = {
  parameters: ["pointer", "buffer", "buffer"],
  result: "i32",
  optional: true,
} as const;

/** The functions that mvgal uses. */
export const SYMBOLS = {
  nvmlInit_v2: { parameters: [], result: "i32" },
  nvmlShutdown: { parameters: [], result: "i32" },
  nvmlErrorString: { parameters: ["i32"], result: "pointer" },
  nvmlDeviceGetCount_v2: { parameters: ["buffer"], result: "i32" },
  nvmlDeviceGetHandleByIndex_v2: { parameters: ["u32", "buffer"], result: "i32" },
  nvmlSystemGetDriverVersion: TEXT,
  nvmlSystemGetCudaDriverVersion_v2: { parameters: ["buffer"], result: "i32", optional: true },
  nvmlSystemGetCudaDriverVersion: { parameters: ["buffer"], result: "i32", optional: true },
  nvmlDeviceGetName: DEVICE_TEXT,
  nvmlDeviceGetUUID: DEVICE_TEXT,
  nvmlDeviceGetPciInfo_v3: DEVICE_OUT,
  nvmlDeviceGetPciInfo_v2: DEVICE_OUT,
  nvmlDeviceGetMinorNumber: DEVICE_OUT,
  nvmlDeviceGetMemoryInfo: DEVICE_OUT,
  nvmlDeviceGetMemoryInfo_v2: DEVICE_OUT,
  nvmlDeviceGetUtilizationRates: DEVICE_OUT,
  nvmlDeviceGetPowerUsage: DEVICE_OUT,
  nvmlDeviceGetEnforcedPowerLimit: DEVICE_OUT,
  nvmlDeviceGetPowerManagementDefaultLimit: DEVICE_OUT,
  nvmlDeviceGetClockInfo: LINK_OUT,
  nvmlDeviceGetMaxClockInfo: LINK_OUT,
  nvmlDeviceGetCurrentClocksEventReasons: DEVICE_OUT,
  nvmlDeviceGetCurrentClocksThrottleReasons: DEVICE_OUT,
  nvmlDeviceGetNumGpuCores: DEVICE_OUT,
  nvmlDeviceGetMemoryBusWidth: DEVICE_OUT,
  nvmlDeviceGetCudaComputeCapability: DEVICE_PAIR,
  nvmlDeviceGetEccMode: DEVICE_PAIR,
  nvmlDeviceGetTemperature: LINK_OUT,
  nvmlDeviceGetTemperatureV: DEVICE_OUT,
  nvmlDeviceGetCurrPcieLinkGeneration: DEVICE_OUT,
  nvmlDeviceGetMaxPcieLinkGeneration: DEVICE_OUT,
  nvmlDeviceGetCurrPcieLinkWidth: DEVICE_OUT,
  nvmlDeviceGetMaxPcieLinkWidth: DEVICE_OUT,
  nvmlDeviceGetNvLinkState: LINK_OUT,
  nvmlDeviceGetNvLinkVersion: LINK_OUT,
  nvmlDeviceGetNvLinkRemotePciInfo_v2: LINK_OUT,
  nvmlDeviceGetNvLinkRemoteDeviceType: LINK_OUT,
  nvmlDeviceGetFieldValues: {
    parameters: ["pointer", "i32", "buffer"],
    result: "i32",
    optional: true,
  },
  nvmlDeviceGetMigMode: DEVICE_PAIR,
  nvmlDeviceGetMaxMigDeviceCount: DEVICE_OUT,
  nvmlDeviceGetMigDeviceHandleByIndex: LINK_OUT,
  nvmlDeviceGetGpuInstanceId: DEVICE_OUT,
  nvmlDeviceGetComputeInstanceId: DEVICE_OUT,
} as const;

/** What is at the other end of an NVLink. */
export type NvmlLinkRemote = "gpu" | "npu" | "switch" | "unknown";

/** `NVML_NVLINK_MAX_LINKS`. */
export const NVLINK_MAX_LINKS = 18;

/** `nvmlClockType_t`, those that mvgal asks for. */
export const CLOCKS = { sm: 1, memory: 2 } as const;

/** `nvmlClocksEventReason…`: why a clock is not at its highest, by the number of its bit. */
export const EVENT_REASONS: readonly string[] = [
  "gpu_idle",
  "applications_clocks_setting",
  "sw_power_cap",
  "hw_slowdown",
  "sync_boost",
  "sw_thermal_slowdown",
  "hw_thermal_slowdown",
  "hw_power_brake_slowdown",
  "display_clock_setting",
];

/** `nvmlReturn_t`, by number. */
export const RESULTS: readonly string[] = [
  "NVML_SUCCESS",
  "NVML_ERROR_UNINITIALIZED",
  "NVML_ERROR_INVALID_ARGUMENT",
  "NVML_ERROR_NOT_SUPPORTED",
  "NVML_ERROR_NO_PERMISSION",
  "NVML_ERROR_ALREADY_INITIALIZED",
  "NVML_ERROR_NOT_FOUND",
  "NVML_ERROR_INSUFFICIENT_SIZE",
  "NVML_ERROR_INSUFFICIENT_POWER",
  "NVML_ERROR_DRIVER_NOT_LOADED",
  "NVML_ERROR_TIMEOUT",
  "NVML_ERROR_IRQ_ISSUE",
  "NVML_ERROR_LIBRARY_NOT_FOUND",
  "NVML_ERROR_FUNCTION_NOT_FOUND",
  "NVML_ERROR_CORRUPTED_INFOROM",
  "NVML_ERROR_GPU_IS_LOST",
  "NVML_ERROR_RESET_REQUIRED",
  "NVML_ERROR_OPERATING_SYSTEM",
  "NVML_ERROR_LIB_RM_VERSION_MISMATCH",
  "NVML_ERROR_IN_USE",
  "NVML_ERROR_MEMORY",
  "NVML_ERROR_NO_DATA",
  "NVML_ERROR_VGPU_ECC_NOT_SUPPORTED",
  "NVML_ERROR_INSUFFICIENT_RESOURCES",
  "NVML_ERROR_FREQ_NOT_SUPPORTED",
  "NVML_ERROR_ARGUMENT_VERSION_MISMATCH",
  "NVML_ERROR_DEPRECATED",
  "NVML_ERROR_NOT_READY",
  "NVML_ERROR_GPU_NOT_FOUND",
  "NVML_ERROR_INVALID_STATE",
  "NVML_ERROR_RESET_TYPE_NOT_SUPPORTED",
];

/** The name of an `nvmlReturn_t`; the number itself where it is newer than this table. */
export function resultName(code: number): string {
  return code === 999 ? "NVML_ERROR_UNKNOWN" : RESULTS[code] ?? String(code);
}

/** `nvmlNvlinkVersion_t`: the numbers do not follow the versions. */
export const NVLINK_VERSIONS: Readonly<Record<number, number>> = {
  1: 1.0,
  2: 2.0,
  3: 2.2,
  4: 3.0,
  5: 3.1,
  6: 4.0,
  7: 5.0,
  8: 6.0,
};

/** `nvmlIntNvLinkDeviceType_t`. */
export const LINK_REMOTES: Readonly<Record<number, NvmlLinkRemote>> = {
  0: "gpu",
  1: "npu",
  2: "switch",
};

/**
 * The ABI of MTML: structures, functions, numbers.
 *
 * Source: `mtml.h` 2.2.0 as it comes with `mthreads-ml-py`. The functions of {@linkcode UNPUBLISHED} are not
 * in it: their shapes are those with which the exporter of the HUATUO project reads an MTT S80 with the
 * driver 270.80. None of this was tried on a device by this project.
 *
 * @module
 */

import { structure } from "./struct.ts";

/** `MtmlPciInfo`. Speeds are in GT/s a lane. */
export const MtmlPciInfoLayout = structure("MtmlPciInfo", [
  { name: "sbdf", type: { chars: 32 } },
  { name: "segment", type: "u32" },
  { name: "bus", type: "u32" },
  { name: "device", type: "u32" },
  { name: "pciDeviceId", type: "u32" },
  { name: "pciSubsystemId", type: "u32" },
  { name: "busWidth", type: "u32" },
  { name: "pciMaxSpeed", type: "f32" },
  { name: "pciCurSpeed", type: "f32" },
  { name: "pciMaxWidth", type: "u32" },
  { name: "pciCurWidth", type: "u32" },
  { name: "pciMaxGen", type: "u32" },
  { name: "pciCurGen", type: "u32" },
  { name: "rsvd", type: { array: "i32", count: 6 } },
]);

/** `MtmlCodecUtil`: per cent, over a period in µs. */
export const MtmlCodecUtilLayout = structure("MtmlCodecUtil", [
  { name: "util", type: "u32" },
  { name: "period", type: "u32" },
  { name: "encUtil", type: "u32" },
  { name: "decUtil", type: "u32" },
  { name: "rsvd", type: { array: "i32", count: 2 } },
]);

/** `MtmlMtLinkSpec`. */
export const MtmlMtLinkSpecLayout = structure("MtmlMtLinkSpec", [
  { name: "version", type: "u32" },
  { name: "bandWidth", type: "u32" },
  { name: "linkNum", type: "u32" },
  { name: "rsvd", type: { array: "u32", count: 4 } },
]);

/** `MtmlPageRetirementCount`. */
export const MtmlPageRetirementCountLayout = structure("MtmlPageRetirementCount", [
  { name: "sbeCount", type: "u32" },
  { name: "dbeCount", type: "u32" },
]);

/** Makes a part of something: its pointer is the last argument. */
export const INIT = { parameters: ["pointer", "buffer"], result: "i32" } as const;
/** Gives a part back. Libraries to come may do without: it is deprecated since 2.2. */
export const FREE = { parameters: ["pointer"], result: "i32", optional: true } as const;
/** A value or structure of a part. */
export const OUT = { parameters: ["pointer", "buffer"], result: "i32", optional: true } as const;
/** A value of one of several: a fan, an engine, a link. */
export const NTH_OUT = {
  parameters: ["pointer", "u32", "buffer"],
  result: "i32",
  optional: true,
} as const;

/** Functions that no published header has. All write one `int`. */
export const UNPUBLISHED = {
  mtmlDeviceGetPerformanceState: OUT,
  mtmlGpuGetEnforcedPowerLimit: OUT,
  mtmlGpuGetPowerManagementDefaultLimit: OUT,
  mtmlGpuGetTemperatureThreshold: NTH_OUT,
  mtmlGpuGetVoltage: OUT,
  mtmlMemoryGetTemperature: OUT,
} as const;

/** The functions that mvgal uses. */
export const SYMBOLS = {
  mtmlLibraryInit: { parameters: ["buffer"], result: "i32" },
  mtmlLibraryShutDown: { parameters: ["pointer"], result: "i32" },
  mtmlErrorString: { parameters: ["i32"], result: "pointer", optional: true },
  mtmlLibraryCountDevice: { parameters: ["pointer", "buffer"], result: "i32" },
  mtmlLibraryInitDeviceByIndex: { parameters: ["pointer", "u32", "buffer"], result: "i32" },
  mtmlLibraryInitDeviceByPciSbdf: {
    parameters: ["pointer", "buffer", "buffer"],
    result: "i32",
    optional: true,
  },
  mtmlLibraryFreeDevice: FREE,
  mtmlDeviceInitGpu: INIT,
  mtmlDeviceFreeGpu: FREE,
  mtmlDeviceInitMemory: INIT,
  mtmlDeviceFreeMemory: FREE,
  mtmlDeviceInitVpu: INIT,
  mtmlDeviceFreeVpu: FREE,
  mtmlDeviceGetPciInfo: OUT,
  mtmlDeviceGetPowerUsage: OUT,
  mtmlDeviceCountFan: OUT,
  mtmlDeviceGetFanSpeed: NTH_OUT,
  mtmlDeviceGetFanRpm: NTH_OUT,
  mtmlDeviceGetMtLinkSpec: OUT,
  mtmlDeviceGetMtLinkState: NTH_OUT,
  mtmlGpuGetUtilization: OUT,
  mtmlGpuGetEngineUtilization: NTH_OUT,
  mtmlGpuGetTemperature: OUT,
  mtmlGpuGetClock: OUT,
  mtmlGpuGetMaxClock: OUT,
  mtmlMemoryGetTotal: OUT,
  mtmlMemoryGetUsed: OUT,
  mtmlMemoryGetUsedSystem: OUT,
  mtmlMemoryGetUtilization: OUT,
  mtmlMemoryGetClock: OUT,
  mtmlMemoryGetMaxClock: OUT,
  mtmlMemoryGetEccErrorCounter: {
    parameters: ["pointer", "u32", "u32", "u32", "buffer"],
    result: "i32",
    optional: true,
  },
  mtmlMemoryGetRetiredPagesCount: OUT,
  mtmlVpuGetUtilization: OUT,
  mtmlVpuGetClock: OUT,
  ...UNPUBLISHED,
} as const;

/** `MtmlReturn`, by number. */
export const RESULTS: readonly string[] = [
  "MTML_SUCCESS",
  "MTML_ERROR_DRIVER_NOT_LOADED",
  "MTML_ERROR_DRIVER_FAILURE",
  "MTML_ERROR_INVALID_ARGUMENT",
  "MTML_ERROR_NOT_SUPPORTED",
  "MTML_ERROR_NO_PERMISSION",
  "MTML_ERROR_INSUFFICIENT_SIZE",
  "MTML_ERROR_NOT_FOUND",
  "MTML_ERROR_INSUFFICIENT_MEMORY",
  "MTML_ERROR_DRIVER_TOO_OLD",
  "MTML_ERROR_DRIVER_TOO_NEW",
  "MTML_ERROR_TIMEOUT",
  "MTML_ERROR_RESOURCE_IS_BUSY",
];

/** `MtmlReturn`, those that mean something to a caller. */
export const MTML_RESULT = {
  notSupported: 4,
  driverTooOld: 9,
  driverTooNew: 10,
} as const;

/** `MtmlGpuEngine`. */
export const ENGINES = { geometry: 0, twoD: 1, threeD: 2, compute: 3 } as const;

/** `MtmlMemoryErrorType`. */
export const ECC_ERROR = { corrected: 0, uncorrected: 1 } as const;

/** `MTML_VOLATILE_ECC`: counted since the driver was loaded. */
export const VOLATILE_ECC = 0;

/** `MTML_MEMORY_LOCATION_DRAM`. */
export const LOCATION_DRAM = 1;

/** `MTML_MTLINK_STATE_DOWN`; the others are up, or up at a lower speed. */
export const MTLINK_DOWN = 0;

/** The threshold from which on the driver slows the GPU down. */
export const THRESHOLD_SLOWDOWN = 1;

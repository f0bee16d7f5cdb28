/**
 * NVIDIA's settings by NVML: power limit, locked clocks, fans.
 *
 * Setting needs root, and holds until the driver is unloaded, which without persistence mode is when the
 * last program closes the GPU.
 *
 * @module
 */

import { type Answer, answerOf } from "../../ffi/answer.ts";
import type { NvmlDevice } from "../../ffi/nvml.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { isAsleep } from "../sysfs/device_files.ts";
import { settingState } from "./files.ts";
import { nvidiaFan } from "./nvidia_fan.ts";
import { explainRefusal, type NvmlCalls } from "./nvml_calls.ts";
import { ControlError, type SettingId, type SettingState } from "./setting.ts";
import { type Action, type NvmlSetter, type Step, step } from "./step.ts";
import {
  type ControlDriver,
  type ControlSurface,
  joinSurfaces,
  noSurface,
  numberOf,
  planLimits,
} from "./surface.ts";

const GROUPS = ["power", "clocks", "fan"] as const;

/** NVML sets for root alone; the library itself says so when it is called. */
export function whyNoRoot(): string | undefined {
  return Deno.uid() === 0 ? undefined : "NVML changes settings for root alone (sudo)";
}

function power(nvml: NvmlCalls, device: NvmlDevice, gpu: string): ControlSurface {
  const now = nvml.telemetry.powerLimit(device);
  const limits = nvml.telemetry.powerLimits(device);
  const standard = answerOf("", () => nvml.nvml.defaultPowerLimit(device));
  if (!now.ok) return noSurface(["power"], now.refusal.message);
  const why = limits.ok ? whyNoRoot() : limits.refusal.message;
  const state = settingState("power_cap_w", why === undefined, {
    value: now.value / 1000,
    default: standard.ok ? standard.value / 1000 : null,
    range: limits.ok
      ? { min: limits.value.min / 1000, max: limits.value.max / 1000, step: 0.001 }
      : null,
    why_not: why ?? null,
    refused_by: why === undefined ? null : limits.ok ? "rights" : "driver",
    source: "nvml",
  });
  const call = (milliwatts: number): Action => ({
    kind: "call",
    call: "nvmlDeviceSetPowerManagementLimit",
    gpu,
    args: [milliwatts],
  });
  return {
    settings: [state],
    absent: {},
    plan(changes) {
      const watts = numberOf(changes, "power_cap_w") ?? state.default;
      if (typeof watts !== "number") {
        throw new ControlError("power cap: NVML does not tell the default: set a value");
      }
      const wanted = Math.round(watts * 1000);
      if (wanted === now.value) return [];
      return [step({
        action: call(wanted),
        query: { kind: "call", call: "nvmlDeviceGetPowerManagementLimit", gpu, args: [] },
        previous: String(now.value),
        expected: String(wanted),
        // Drivers may round to what the board's regulator can hold.
        tolerance: 500,
        undo: [call(now.value)],
      })];
    },
  };
}

/** A domain of clocks that can be locked to a range. */
interface Domain {
  readonly min: SettingId;
  readonly max: SettingId;
  readonly set: NvmlSetter;
  readonly reset: NvmlSetter;
  readonly clocks: Answer<number[]>;
}

const LOCK_NOTE = "NVML does not tell whether clocks are locked: going back means unlocking them";

function domainStates({ min, max, clocks }: Domain): SettingState[] {
  if (!clocks.ok) return [];
  const range = { min: Math.min(...clocks.value), max: Math.max(...clocks.value), step: 1 };
  const why = whyNoRoot();
  return ([[min, range.min], [max, range.max]] as const).map(([id, standard]) =>
    settingState(id, why === undefined, {
      value_absent: "NVML does not tell whether clocks are locked",
      default: standard,
      range,
      why_not: why ?? null,
      refused_by: why === undefined ? null : "rights",
      source: "nvml",
      note: "the driver takes the nearest clock that the GPU has",
    })
  );
}

function domain(of: Domain, gpu: string): ControlSurface {
  const settings = domainStates(of);
  if (!of.clocks.ok) return noSurface(["clocks"], of.clocks.refusal.message);
  const full = { min: Math.min(...of.clocks.value), max: Math.max(...of.clocks.value) };
  const reset: Action = { kind: "call", call: of.reset, gpu, args: [] };
  return {
    settings,
    absent: {},
    plan(changes): Step[] {
      if ([...changes.values()].every(({ kind }) => kind === "reset")) {
        return [step({ action: reset, note: LOCK_NOTE })];
      }
      const { limits } = planLimits(changes, of, full, full);
      return [step({
        action: { kind: "call", call: of.set, gpu, args: [limits.min, limits.max] },
        undo: [reset],
        note: LOCK_NOTE,
      })];
    },
  };
}

function clocks(nvml: NvmlCalls, device: NvmlDevice, gpu: string): ControlSurface {
  const memory = nvml.control.supportedMemoryClocks(device);
  const core: Answer<number[]> = memory.ok
    ? nvml.control.supportedGraphicsClocks(device, Math.max(...memory.value))
    : memory;
  return joinSurfaces([
    domain({
      min: "core_clock_min_mhz",
      max: "core_clock_max_mhz",
      set: "nvmlDeviceSetGpuLockedClocks",
      reset: "nvmlDeviceResetGpuLockedClocks",
      clocks: core,
    }, gpu),
    domain({
      min: "memory_clock_min_mhz",
      max: "memory_clock_max_mhz",
      set: "nvmlDeviceSetMemoryLockedClocks",
      reset: "nvmlDeviceResetMemoryLockedClocks",
      clocks: memory,
    }, gpu),
  ]);
}

/** NVIDIA's own driver. */
export const nvidiaControl: ControlDriver = {
  name: "nvidia",
  claims: (gpu: Gpu) => gpu.driver === "nvidia" || gpu.seen_by.includes("nvml"),
  open(gpu, context) {
    const profile = noSurface(["profile"], "NVML has no profiles");
    const none = (why: string) => joinSurfaces([noSurface(GROUPS, why), profile]);
    if (context.nvml === undefined) {
      return none("NVML tells of this host, and --sysroot names another's files");
    }
    if (gpu.pci_slot === null) return none("without a PCI address NVML cannot be asked for it");
    if (isAsleep(gpu.power_state) && !context.wake) {
      return none("the GPU sleeps, and NVML would wake it (--wake allows it)");
    }
    const nvml = context.nvml.open();
    if (typeof nvml === "string") return none(nvml);
    const found = nvml.telemetry.deviceAt(gpu.pci_slot);
    if (!found.ok) return none(explainRefusal(found));
    return joinSurfaces([
      power(nvml, found.value, gpu.pci_slot),
      clocks(nvml, found.value, gpu.pci_slot),
      nvidiaFan(nvml, found.value, gpu.pci_slot, whyNoRoot()),
      profile,
    ]);
  },
};

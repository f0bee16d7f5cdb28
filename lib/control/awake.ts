/**
 * What keeps a GPU from sleeping, as far as the kernel tells.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { isAsleep, readPowerState } from "../sysfs/device_files.ts";
import { openProcessSweep } from "../telemetry/processes.ts";
import type { NvmlOpener } from "./nvml_calls.ts";
import type { ControlContext } from "./surface.ts";

/** Runtime power management of one GPU. The property names are those of the JSON document. */
export interface ParkReport {
  /** `active`, `suspended`; null where the kernel does not tell. */
  power_state: string | null;
  /** Milliseconds since it was found for which it slept; null where the kernel does not tell. */
  suspended_ms: number | null;
  /** And for which it did not. */
  active_ms: number | null;
  /** What keeps it awake, one line each; empty while it sleeps. */
  kept_awake_by: string[];
  /** What could not be looked at, in one line. */
  partial: string | null;
}

/** Programs that have the GPU's files open. */
function programs(gpu: Gpu, context: ControlContext): { lines: string[]; partial: string | null } {
  using sweep = openProcessSweep({
    sysroot: context.sysroot,
    gpus: [gpu],
    now: () => performance.now(),
  });
  const { processes, partial } = sweep.sweep();
  return {
    lines: processes.map(({ name, pid }) => `${name ?? "a process"} (pid ${pid}) has it open`),
    partial,
  };
}

/** Asks NVML of a GPU that is awake; asking one that sleeps would wake it. */
function persistence(gpu: Gpu, nvml: NvmlOpener | undefined): string[] {
  if (gpu.driver !== "nvidia" || gpu.pci_slot === null || nvml === undefined) return [];
  const opened = nvml.open();
  if (typeof opened === "string") return [];
  const device = opened.telemetry.deviceAt(gpu.pci_slot);
  const mode = device.ok ? opened.control.persistenceMode(device.value) : device;
  return mode.ok && mode.value ? ["NVIDIA's persistence mode is on (nvidia-smi -pm 0)"] : [];
}

/** Looks at a GPU's power management, without waking it. */
export function parkReport(gpu: Gpu, context: ControlContext): ParkReport {
  const { sysroot } = context;
  const directory = `/sys/bus/pci/devices/${gpu.pci_slot}/power`;
  const state = readPowerState(sysroot, directory.replace(/\/power$/, ""));
  const report: ParkReport = {
    power_state: state ?? null,
    suspended_ms: sysroot.integer(`${directory}/runtime_suspended_time`) ?? null,
    active_ms: sysroot.integer(`${directory}/runtime_active_time`) ?? null,
    kept_awake_by: [],
    partial: null,
  };
  if (isAsleep(state)) return report;
  const open = programs(gpu, context);
  report.partial = open.partial;
  if (sysroot.text(`${directory}/control`) === "on") {
    report.kept_awake_by.push("power/control is on (mvgal park set)");
  }
  for (const { name, status } of gpu.connectors) {
    if (status === "connected") report.kept_awake_by.push(`a display at ${name}`);
  }
  report.kept_awake_by.push(...open.lines, ...persistence(gpu, context.nvml));
  return report;
}

/**
 * What NVIDIA's kernel driver shows in procfs, without NVML: model, UUID, device node.
 *
 * Source of the format: `kernel-open/nvidia/nv-procfs.c`. Reading `information` takes a reference on the
 * GPU's dynamic power and so wakes a sleeping one.
 *
 * @module
 */

import { parsePciAddress } from "../gpu/pci_address.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { FactNotes } from "./fact_notes.ts";
import { type GpuFunction, gpuFunctions } from "./pci_functions.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

const PROC = "/proc/driver/nvidia";

/** What `/proc/driver/nvidia/gpus/<address>/information` says. */
export interface NvidiaInformation {
  model: string | undefined;
  /** With NVIDIA's prefix: `GPU-…`. */
  uuid: string | undefined;
  /** Number of the device node: 0 for `/dev/nvidia0`. */
  minor: number | undefined;
}

/**
 * Parses `information`: lines of `name: value`. The model `Unknown` is of a device that the driver has no
 * name for, and a UUID of question marks is not known yet.
 */
export function parseNvidiaInformation(text: string): NvidiaInformation {
  const value = (name: string) =>
    new RegExp(`^${name}:[ \\t]*(.*\\S)[ \\t]*$`, "m").exec(text)?.[1];
  const uuid = value("GPU UUID");
  const minor = value("Device Minor");
  const model = value("Model");
  return {
    model: model === "Unknown" ? undefined : model,
    uuid: uuid !== undefined && /^GPU-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(uuid)
      ? uuid
      : undefined,
    minor: minor !== undefined && /^\d{1,3}$/.test(minor) ? Number(minor) : undefined,
  };
}

/** The driver's version from `/proc/driver/nvidia/version`: `550.54.15`. */
export function parseNvidiaVersion(text: string): string | undefined {
  return /^NVRM version:.*?\s(\d{3}\.\d{1,3}(?:\.\d{1,3})?)\s/m.exec(text)?.[1];
}

function informationOf(sysroot: Sysroot, gpu: GpuFunction): string | undefined {
  const directory = sysroot.list(`${PROC}/gpus`)
    .find((name) => parsePciAddress(name) === gpu.address);
  return directory && sysroot.text(`${PROC}/gpus/${directory}/information`);
}

function sight(sysroot: Sysroot, gpu: GpuFunction, version: string | undefined): Sighting {
  const notes = new FactNotes();
  const text = gpu.files.asleep ? undefined : informationOf(sysroot, gpu);
  const information = parseNvidiaInformation(text ?? "");
  const reason = gpu.files.asleep
    ? `the GPU sleeps, and reading ${PROC} would wake it (--wake allows it)`
    : `${PROC}/gpus has nothing of the kind on this GPU`;
  notes.note("name", information.model, "procfs:information", reason);
  notes.note("uuid", information.uuid, "procfs:information", reason);
  if (information.minor !== undefined) {
    notes.note("device_nodes", [`/dev/nvidia${information.minor}`], "procfs:information", reason);
  }
  notes.note("driver_version", version, "procfs:version", `no version in ${PROC}/version`);
  const nvml = "NVIDIA's driver tells it through NVML (libnvidia-ml.so.1) alone";
  for (
    const name of [
      "vram_total_bytes",
      "vram_used_bytes",
      "temperature_c",
      "utilization_pct",
    ] as const
  ) {
    notes.absent[name] = nvml;
  }
  return {
    match: { pci: gpu.address, ...(information.uuid && { uuid: information.uuid }) },
    fallback_id: `pci:${gpu.address}`,
    facts: notes.facts,
    sources: notes.sources,
    absent: notes.absent,
  };
}

function discover(context: DiscoveryContext): SourceReport {
  const { sysroot } = context;
  const gpus = gpuFunctions(context).functions.filter((gpu) => gpu.driver === "nvidia");
  if (gpus.length === 0) return { state: "absent", reason: "no GPU with the driver nvidia" };
  const version = parseNvidiaVersion(sysroot.text(`${PROC}/version`) ?? "");
  return { state: "ok", sightings: gpus.map((gpu) => sight(sysroot, gpu, version)) };
}

/** NVIDIA GPUs with NVIDIA's driver. */
export const nvidiaSource: Source = {
  name: "nvidia",
  reads: "files",
  vendors: ["nvidia"],
  discover,
};

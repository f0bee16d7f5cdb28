/**
 * The hwmon directory of a GPU and the temperature that it shows.
 *
 * Source: the kernel's `Documentation/hwmon/sysfs-interface.rst`; temperatures are in m°C.
 *
 * @module
 */

import type { DeviceFiles } from "../sysfs/device_files.ts";
import { hwmonName } from "../sysfs/hwmon_directory.ts";
import { FactNotes } from "./fact_notes.ts";
import { type GpuFunction, gpuFunctions } from "./pci_functions.ts";
import type { DiscoveryContext, Sighting, Source, SourceReport } from "./source.ts";

/** Labels of the sensor that stands for the GPU, best first: amdgpu's, xe's, and MI300's, without an edge. */
const GPU_SENSORS = ["edge", "pkg", "junction"];

/** Hotter or colder than any chip works: what a sensor says beyond is no temperature. °C. */
const MIN_CELSIUS = -100;
const MAX_CELSIUS = 250;

/**
 * The attribute of the sensor that stands for the whole GPU, e.g. `hwmon/hwmon4/temp1_input`. A driver
 * with one sensor (nouveau, radeon, i915, amdgpu of old kernels) gives it no label.
 */
function temperatureInput(files: DeviceFiles, hwmon: string): string | undefined {
  const names = files.list(`hwmon/${hwmon}`);
  const inputs = names.filter((name) => /^temp\d+_input$/.test(name));
  const labelled = inputs.filter((name) => names.includes(name.replace("_input", "_label")));
  const labels = new Map(labelled.map((name) => {
    return [files.text(`hwmon/${hwmon}/${name.replace("_input", "_label")}`), name];
  }));
  const best = GPU_SENSORS.map((label) => labels.get(label)).find((name) => name !== undefined);
  const input = best ?? (labelled.length === 0 ? inputs[0] : undefined);
  return input && `hwmon/${hwmon}/${input}`;
}

function sight(gpu: GpuFunction): Sighting | undefined {
  const { files } = gpu;
  const hwmon = hwmonName(files.sysroot, files.directory);
  if (hwmon === undefined) return undefined;
  const notes = new FactNotes();
  notes.note("hwmon", `/sys/class/hwmon/${hwmon}`, "sysfs:hwmon", "");
  if (files.asleep) {
    notes.absent.temperature_c =
      "the GPU sleeps, and reading its sensors would wake it (--wake allows it)";
  } else {
    const input = temperatureInput(files, hwmon);
    const milli = input === undefined ? undefined : files.integer(input);
    const celsius = milli === undefined ? undefined : milli / 1000;
    notes.note(
      "temperature_c",
      celsius !== undefined && celsius >= MIN_CELSIUS && celsius <= MAX_CELSIUS
        ? celsius
        : undefined,
      `hwmon:${input?.split("/").at(-1)}`,
      input === undefined
        ? `no sensor in ${hwmon} stands for the GPU`
        : files.whyNot(input, "temperature"),
    );
  }
  return {
    match: { pci: gpu.address },
    fallback_id: `pci:${gpu.address}`,
    facts: notes.facts,
    sources: notes.sources,
    absent: notes.absent,
  };
}

function discover(context: DiscoveryContext): SourceReport {
  const sightings = gpuFunctions(context).functions.map(sight)
    .filter((sighting) => sighting !== undefined);
  return sightings.length > 0
    ? { state: "ok", sightings }
    : { state: "absent", reason: "no GPU's driver has a hwmon directory" };
}

/** Sensors of GPUs. */
export const hwmonSource: Source = { name: "hwmon", reads: "files", vendors: "any", discover };

/**
 * Checks of power management, and of the limits of containers.
 *
 * @module
 */

import { isContainer } from "./access.ts";
import {
  type DoctorCheck,
  type DoctorContext,
  fine,
  needsDriver,
  needsGpu,
  type Outcome,
  untold,
  warn,
} from "./check.ts";
import { installCommand, kernelParameterFix } from "./distribution.ts";

const PERSISTENCED_SOCKET = "/run/nvidia-persistenced/socket";

const PERSISTENCE: DoctorCheck = {
  id: "nvidia_persistence",
  title: "NVIDIA's driver stays loaded between programs",
  needsHost: true,
  applies: (context) => needsDriver(context, "nvidia"),
  run(context) {
    const { sysroot, gpus, distribution } = context;
    if (sysroot.kind(PERSISTENCED_SOCKET) !== undefined) return [fine("nvidia-persistenced runs")];
    const shown = gpus.some(({ driver, connectors }) =>
      driver === "nvidia" && connectors.some(({ status }) => status === "connected")
    );
    if (shown) return [fine("a display keeps it loaded")];
    if (isContainer(sysroot)) return [untold("the host's affair: this is a container")];
    return [warn(
      "nvidia-persistenced does not run: without a program the GPU is set up anew each time, for seconds, " +
        "and forgets its settings",
      `${installCommand(distribution, "nvidia_persistenced")}; ` +
        "sudo systemctl enable --now nvidia-persistenced",
    )];
  },
};

const RUNTIME_PM: DoctorCheck = {
  id: "runtime_power",
  title: "GPUs that are not used may sleep",
  applies: (context) =>
    needsGpu(context) ??
      (context.gpus.some(({ kind }) => kind === "integrated") &&
          context.gpus.some(({ kind }) => kind === "discrete")
        ? null
        : "there is no discrete GPU beside an integrated one"),
  run(context) {
    return context.gpus.filter(({ kind, pci_slot }) => kind === "discrete" && pci_slot !== null)
      .map((gpu) => runtimeOutcome(context, gpu.id, `${gpu.pci_slot}`, gpu.driver));
  },
};

function runtimeOutcome(
  { sysroot, distribution }: DoctorContext,
  id: string,
  address: string,
  driver: string | null,
): Outcome {
  const off = driver === "amdgpu" &&
    sysroot.integer("/sys/module/amdgpu/parameters/runpm") === 0;
  if (off) {
    return warn(
      "amdgpu is told never to let it sleep (runpm=0)",
      `remove amdgpu.runpm=0, or ${kernelParameterFix(distribution, "amdgpu.runpm=-1")}`,
      id,
    );
  }
  const path = `/sys/bus/pci/devices/${address}/power/control`;
  switch (sysroot.text(path)) {
    case "auto":
      return fine("may sleep", id);
    case "on":
      return warn("is kept awake (power/control is on)", `echo auto | sudo tee ${path}`, id);
    default:
      return untold("the kernel does not say (power/control)", id);
  }
}

/** Where a container's limit of memory is: of control groups version 2, then 1 (cgroups(7)). */
const MEMORY_LIMITS: readonly string[] = [
  "/sys/fs/cgroup/memory.max",
  "/sys/fs/cgroup/memory/memory.limit_in_bytes",
];

const GIB = 2 ** 30;

/** Version 1 says that there is no limit by the largest multiple of a page. */
const NO_LIMIT = 2 ** 62;

const CONTAINER_MEMORY: DoctorCheck = {
  id: "container_memory",
  title: "The container's memory is enough for its GPUs",
  needsHost: true,
  applies: ({ sysroot }) => isContainer(sysroot) ? null : "this is no container",
  run({ sysroot, gpus }) {
    const text = MEMORY_LIMITS.map((path) => sysroot.text(path)).find((each) => each !== undefined);
    // Larger than what a double holds exactly: not an integer by the sysroot's rules.
    const limit = text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
    if (limit === null || limit >= NO_LIMIT) return [fine("is not limited")];
    const most = Math.max(0, ...gpus.map(({ vram_total_bytes: bytes }) => bytes ?? 0));
    const said = `is limited to ${Math.round(limit / GIB * 10) / 10} GiB`;
    if (limit >= most) return [fine(said)];
    return [warn(
      `${said}, less than the memory of one of its GPUs: copies of it do not fit`,
      `start the container with --memory=${Math.ceil(most / GIB)}g or more`,
    )];
  },
};

/** Checks of power and limits. */
export const POWER_CHECKS: readonly DoctorCheck[] = [PERSISTENCE, RUNTIME_PM, CONTAINER_MEMORY];

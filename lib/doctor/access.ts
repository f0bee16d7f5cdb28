/**
 * Checks of rights: groups, device files, capabilities, the directory of sessions.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { CAP, hasCapability, isPerfmonCapable } from "../sysfs/capabilities.ts";
import { parseHidepid, readView } from "../telemetry/processes/partial.ts";
import {
  bad,
  type DoctorCheck,
  type DoctorContext,
  fine,
  INTEL_DRIVERS,
  type LiveHost,
  needsDriver,
  needsGpu,
  type NodeOwner,
  type Outcome,
  untold,
  warn,
} from "./check.ts";

/** The name of a group by `/etc/group` (group(5)); undefined where it has none. */
export function groupName(text: string, gid: number): string | undefined {
  for (const line of text.split("\n")) {
    const [name = "", , id] = line.split(":");
    if (name !== "" && id === `${gid}`) return name;
  }
  return undefined;
}

function nodeOutcome(
  { sysroot }: DoctorContext,
  live: LiveHost,
  path: string,
  owner: NodeOwner,
): Outcome {
  const why = live.whyNotWritable(path);
  if (why === undefined) return fine("can be read and written", path);
  const { user } = live.identity;
  const group = groupName(sysroot.text("/etc/group") ?? "", owner.gid);
  const text = `cannot be opened: ${why}`;
  const forGroup = (owner.mode & 0o060) === 0o060;
  if (!forGroup || group === undefined || owner.gid === 0) {
    // No group helps: the node's rights have to change.
    if (path.startsWith("/dev/nvidia")) {
      // Its driver makes them, not udev.
      const file = "/etc/modprobe.d/mvgal-nvidia.conf";
      return bad(
        text,
        `write 'options nvidia NVreg_DeviceFileMode=0666' to ${file}, then reboot`,
        path,
      );
    }
    const name = path.slice(path.lastIndexOf("/") + 1);
    const kernel = /\d$/.test(name) ? name.replace(/\d+$/, "*") : name;
    return bad(
      text,
      `write KERNEL=="${kernel}", GROUP="render", MODE="0660" to ` +
        "/etc/udev/rules.d/70-mvgal.rules, then sudo udevadm control --reload && " +
        "sudo udevadm trigger",
      path,
    );
  }
  if (live.identity.groups.includes(owner.gid)) {
    return bad(
      `${text}, though its group ${group} is yours: a container's device rules?`,
      null,
      path,
    );
  }
  return bad(
    text,
    `sudo usermod -aG ${group} ${user ?? live.identity.uid}, then log in again`,
    path,
  );
}

function nodesOf(context: DoctorContext, paths: readonly (string | null)[]): Outcome[] {
  const { live } = context;
  if (live === null) return [];
  return [...new Set(paths.filter((path) => path !== null))].map((path) => {
    const owner = live.owner(path);
    if (owner === undefined) {
      const say = ON_DEMAND.includes(path) ? warn : bad;
      return say("there is no such file", missingNodeFix(context, path), path);
    }
    return nodeOutcome(context, live, path, owner);
  });
}

/** Files that some programs need, and that hosts without such programs may lack. */
const ON_DEMAND: readonly string[] = ["/dev/nvidia-uvm", "/dev/kfd"];

function missingNodeFix({ sysroot }: DoctorContext, path: string): string {
  if (isContainer(sysroot)) {
    return path.startsWith("/dev/nvidia")
      ? "start the container with --gpus all (NVIDIA Container Toolkit)"
      : `start the container with --device ${path.startsWith("/dev/dri/") ? "/dev/dri" : path}`;
  }
  if (path.startsWith("/dev/nvidia")) return "sudo nvidia-modprobe -u -c=0";
  if (path === "/dev/kfd") return "use a kernel with CONFIG_HSA_AMD=y: without it there is no ROCm";
  return "sudo udevadm trigger --subsystem-match=drm --action=add";
}

/** Whether this is the inside of a container, by the files that engines leave there. */
export function isContainer(sysroot: DoctorContext["sysroot"]): boolean {
  return ["/.dockerenv", "/run/.containerenv", "/run/systemd/container"]
    .some((path) => sysroot.kind(path) !== undefined);
}

const DRI_ACCESS: DoctorCheck = {
  id: "dri_access",
  title: "Rights to /dev/dri",
  needsHost: true,
  applies: (context) =>
    needsGpu(context) ??
      (context.gpus.some(hasDrm) ? null : "no GPU has a file in /dev/dri"),
  // The render node is what programs compute with; the card's is for displays and settings.
  run: (context) =>
    nodesOf(context, context.gpus.flatMap((gpu) => gpu.render_node ?? gpu.drm_node ?? [])),
};

const hasDrm = (gpu: Gpu) => gpu.render_node !== null || gpu.drm_node !== null;

/** Device files beside those in `/dev/dri`, by driver. */
const NODES: Readonly<Record<string, readonly string[]>> = {
  nvidia: ["/dev/nvidiactl", "/dev/nvidia-uvm"],
  amdgpu: ["/dev/kfd"],
};

const DEVICE_ACCESS: DoctorCheck = {
  id: "device_access",
  title: "Rights to the drivers' own device files",
  needsHost: true,
  applies: (context) => needsDriver(context, ...Object.keys(NODES), "mtgpu"),
  run: (context) =>
    nodesOf(
      context,
      context.gpus.flatMap(({ driver, device_nodes }) => [
        ...(NODES[driver ?? ""] ?? []),
        ...device_nodes.filter((node) => !node.startsWith("/dev/dri/")),
      ]),
    ),
};

const ENGINE_COUNTERS: DoctorCheck = {
  id: "engine_counters",
  title: "Rights to the kernel's engine counters (utilisation of Intel GPUs)",
  needsHost: true,
  applies: (context) => needsDriver(context, ...INTEL_DRIVERS),
  run({ sysroot, live }) {
    if (live === null) return [];
    if (isPerfmonCapable(live.identity.capabilities)) return [fine("CAP_PERFMON is there")];
    const level = sysroot.integer("/proc/sys/kernel/perf_event_paranoid");
    if (level !== undefined && level <= 0) return [fine(`perf_event_paranoid is ${level}`)];
    return [warn(
      "the use of Intel's engines and of their memory by all programs is not known: no CAP_PERFMON" +
        (level === undefined ? "" : `, and perf_event_paranoid is ${level}`),
      // Not setcap(8): the single file starts another, which would not have the capability.
      "sudo sysctl kernel.perf_event_paranoid=0, and to keep it write kernel.perf_event_paranoid = 0 to " +
        "/etc/sysctl.d/70-mvgal.conf; or sudo mvgal, which is told the memory too",
    )];
  },
};

const PROCESS_ACCESS: DoctorCheck = {
  id: "process_access",
  title: "Rights to see which programs of other users use GPUs",
  needsHost: true,
  applies: needsGpu,
  run({ sysroot, live }) {
    if (live === null) return [];
    const outcomes: Outcome[] = [];
    const view = readView(sysroot);
    // ptrace_scope of the Yama module has no say here: /proc/PID/fdinfo asks for reading, not attaching.
    if (!hasCapability(live.identity.capabilities, CAP.SYS_PTRACE)) {
      outcomes.push(
        warn("only your own programs are seen: no CAP_SYS_PTRACE", "sudo mvgal status --processes"),
      );
    }
    const hidepid = parseHidepid(sysroot.text("/proc/self/mounts") ?? "");
    if (hidepid !== null && !hasCapability(live.identity.capabilities, CAP.SYS_PTRACE)) {
      outcomes.push(warn(
        `/proc is mounted with hidepid=${hidepid}: other users' programs are hidden`,
        "sudo mount -o remount,hidepid=0 /proc, and in /etc/fstab",
      ));
    }
    if (view.ownPidNamespace) {
      outcomes.push(warn(
        "programs outside this container are not seen",
        "start the container with --pid=host",
      ));
    }
    return outcomes.length > 0 ? outcomes : [fine("all programs are seen")];
  },
};

const SESSION_DIRECTORY: DoctorCheck = {
  id: "session_directory",
  title: "A directory for sessions",
  needsHost: true,
  applies: () => null,
  run({ sysroot, live }) {
    if (live === null) return [];
    const runtime = live.env("XDG_RUNTIME_DIR");
    for (const path of ["/run/mvgal", ...(runtime === undefined ? [] : [runtime])]) {
      if (sysroot.kind(path) === "directory" && live.whyNotWritable(path) === undefined) {
        return [fine("can be written", path)];
      }
    }
    if (
      hasCapability(live.identity.capabilities, CAP.DAC_OVERRIDE) &&
      live.whyNotWritable("/run") === undefined
    ) {
      return [fine("/run/mvgal can be made")];
    }
    const owner = live.identity.user ?? `${live.identity.uid}`;
    return [warn(
      "neither /run/mvgal nor XDG_RUNTIME_DIR can be written: programs cannot be followed",
      `sudo install -d -o ${owner} -m 0700 /run/mvgal`,
    )];
  },
};

const KERNEL_LOCKDOWN: DoctorCheck = {
  id: "kernel_lockdown",
  title: "The kernel's lockdown",
  applies: ({ sysroot }) =>
    sysroot.text("/sys/kernel/security/lockdown") === undefined
      ? "the kernel does not say (/sys/kernel/security/lockdown)"
      : null,
  run({ sysroot }) {
    const mode = /\[(\w+)\]/.exec(sysroot.text("/sys/kernel/security/lockdown") ?? "")?.[1];
    switch (mode) {
      case undefined:
        return [untold("/sys/kernel/security/lockdown says nothing that is known")];
      case "none":
        return [fine("is off")];
      default:
        return [warn(
          `is '${mode}': debugfs and unsigned modules are closed, also to root`,
          "turn off Secure Boot in the firmware's setup, if you want them",
        )];
    }
  },
};

/** Checks of rights. */
export const ACCESS_CHECKS: readonly DoctorCheck[] = [
  DRI_ACCESS,
  DEVICE_ACCESS,
  ENGINE_COUNTERS,
  PROCESS_ACCESS,
  SESSION_DIRECTORY,
  KERNEL_LOCKDOWN,
];

/** Trees like `/proc`, and what drivers write into them. */

import type { SweptGpu } from "../../../lib/telemetry/processes.ts";
import type { TreeFiles } from "../../sysfs/tree.ts";

/** What a driver writes; see the README beside the files. */
export function recorded(name: string): string {
  return Deno.readTextFileSync(new URL(`../fixtures/proc/${name}.txt`, import.meta.url));
}

/** An open file: where the link leads, and what the kernel says of it. */
export interface OpenFile {
  target: string;
  fdinfo?: string;
}

/** A process to be. */
export interface ProcessFiles {
  pid: number;
  name?: string;
  /** In clock ticks since boot. */
  start?: number;
  uid?: number;
  command?: string;
  cgroup?: string;
  kernelThread?: boolean;
  open?: Record<number, OpenFile>;
}

/** The text of `/proc/PID/stat`. */
export function statText(
  { pid, name = "program", start = pid, kernelThread }: ProcessFiles,
): string {
  // Fields 4 to 21 behind the state; the ninth of all is the flags.
  const fields = Array.from({ length: 18 }, (_, at) => at === 5 && kernelThread ? 0x208040 : 0);
  return `${pid} (${name}) S ${fields.join(" ")} ${start} 0 0`;
}

/** The files of a process below `/proc`. */
export function processFiles(of: ProcessFiles): TreeFiles {
  const { pid, name = "program", uid = 1000, open = {} } = of;
  const at = `proc/${pid}`;
  const files: TreeFiles = {
    [`${at}/stat`]: statText(of),
    [`${at}/status`]: `Name:\t${name}\nUid:\t${uid}\t${uid}\t${uid}\t${uid}`,
    [`${at}/cmdline`]: new TextEncoder().encode(of.command ?? `/usr/bin/${name}\0`),
    [`${at}/cgroup`]: of.cgroup ?? "0::/user.slice",
    [`${at}/fd/0`]: { link: "/dev/null" },
  };
  for (const [fd, { target, fdinfo = "pos:\t0" }] of Object.entries(open)) {
    files[`${at}/fd/${fd}`] = { link: target };
    files[`${at}/fdinfo/${fd}`] = fdinfo;
  }
  return files;
}

/** GPUs as the sweep sees them. */
export const AMD: SweptGpu = {
  id: "pci:0000:0a:00.0",
  pci_slot: "0000:0a:00.0",
  drm_node: "/dev/dri/card0",
  render_node: "/dev/dri/renderD128",
  device_nodes: [],
  vram_total_bytes: 8 * 2 ** 30,
};

export const ARC: SweptGpu = {
  id: "pci:0000:03:00.0",
  pci_slot: "0000:03:00.0",
  drm_node: "/dev/dri/card1",
  render_node: "/dev/dri/renderD129",
  device_nodes: [],
  vram_total_bytes: 12 * 2 ** 30,
};

export const ADRENO: SweptGpu = {
  id: "platform:3d00000.gpu",
  pci_slot: null,
  drm_node: "/dev/dri/card2",
  render_node: "/dev/dri/renderD130",
  device_nodes: [],
  vram_total_bytes: null,
};

export const NVIDIA: SweptGpu = {
  id: "pci:0000:01:00.0",
  pci_slot: "0000:01:00.0",
  drm_node: null,
  render_node: null,
  device_nodes: ["/dev/nvidia0"],
  vram_total_bytes: 80 * 2 ** 30,
};

/** What amdgpu says of a client with counters in ns and memory in KiB. */
export function amdgpu(
  client: number,
  engines: Record<string, number> = {},
  vram = 1024,
): string {
  return [
    "pos:\t0\ndrm-driver:\tamdgpu\ndrm-pdev:\t0000:0a:00.0",
    `drm-client-id:\t${client}\ndrm-memory-vram:\t${vram} KiB\ndrm-memory-gtt: \t64 KiB`,
    ...Object.entries(engines).map(([name, ns]) => `drm-engine-${name}:\t${ns} ns`),
  ].join("\n");
}

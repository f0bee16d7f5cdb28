/**
 * Collects the files of a host that tell of its GPUs, as `--sysroot` reads them.
 *
 * @module
 */

import { AMDGPU_IDS_PATHS, lookUpAmdgpuRow } from "../discovery/amdgpu_ids.ts";
import { DRM_CLASS, readDrmCards } from "../discovery/drm_cards.ts";
import { gpuFunctions, PCI_DEVICES, readPciId } from "../discovery/pci_functions.ts";
import { excerptPciIds, PCI_IDS_PATHS } from "../discovery/pci_ids.ts";
import { pciPath } from "../discovery/pci_link.ts";
import { DeviceFiles, readsWithoutWaking } from "../sysfs/device_files.ts";
import type { Sysroot } from "../sysfs/sysroot.ts";
import { isDumped, isDumpedLink, isDumpedOfBridge, isEntered } from "./allowed.ts";
import { Scrubber } from "./scrub.ts";

/** A file or a link of a dump, by its path without the leading slash. */
export type DumpEntry =
  | { path: string; type: "file"; content: Uint8Array }
  | { path: string; type: "symlink"; target: string };

/** What {@linkcode collectDump} gives. */
export interface Dump {
  /** In the order of their paths, each once. */
  entries: DumpEntry[];
  /** Devices of which files are in the dump. */
  devices: string[];
  /** Devices that sleep: what would have woken them is not in the dump. */
  asleep: string[];
  /** How many different serial numbers, UUIDs and the like were replaced. */
  replaced: number;
}

/** The part of `config` that every user may read: the header of PCI's local bus specification. */
const CONFIG_HEADER_BYTES = 64;

/** Device nodes of which a dump tells that they exist, as empty files. */
const DEVICE_NODES = /^\/dev\/(kfd|nvidia(\d+|ctl|-uvm|-modeset)|mtgpu\.\d+|dxg|nvmap)$/;

class Collector {
  readonly entries = new Map<string, DumpEntry>();
  readonly scrubber = new Scrubber();
  readonly asleep: string[] = [];
  readonly #sysroot: Sysroot;

  constructor(sysroot: Sysroot) {
    this.#sysroot = sysroot;
  }

  /** Adds content under a path of the host's. */
  add(path: string, content: Uint8Array): void {
    const clean = this.scrubber.scrub(path, content);
    this.entries.set(path, { path: path.slice(1), type: "file", content: clean });
  }

  file(path: string, limit?: number): void {
    const content = this.#sysroot.bytes(path, limit);
    if (content !== undefined) this.add(path, content);
  }

  link(path: string): void {
    const target = this.#sysroot.readLink(path);
    // Links of sysfs are relative; others would lead out of the dump.
    if (target === undefined || target.startsWith("/")) return;
    this.entries.set(path, { path: path.slice(1), type: "symlink", target });
  }

  /** Adds what is allowed below a device's directory, and the links. */
  device(directory: string, isWanted: (path: string) => boolean, deep: boolean): void {
    const files = new DeviceFiles(this.#sysroot, directory);
    if (files.asleep && deep) this.asleep.push(directory.slice(directory.lastIndexOf("/") + 1));
    const walk = (below: string) => {
      for (const name of files.list(below)) {
        const path = below === "" ? name : `${below}/${name}`;
        const full = `${directory}/${path}`;
        if (this.#sysroot.readLink(full) !== undefined) {
          if (isDumpedLink(name)) this.link(full);
        } else if (this.#sysroot.kind(full) === "directory") {
          if (path === "power" || (deep && isEntered(path))) walk(path);
        } else if (isWanted(path) && (!files.asleep || readsWithoutWaking(path))) {
          this.file(full);
        }
      }
    };
    walk("");
    // Root could read more of it, from the hardware.
    if (!files.asleep && deep) this.file(`${directory}/config`, CONFIG_HEADER_BYTES);
  }
}

/** Adds a PCI function, the bridges above it, and its place in the lists of the PCI bus. */
function addFunction(into: Collector, directory: string): void {
  const { nodes } = pciPath(directory);
  for (const node of nodes) {
    const isFunction = node.directory === directory;
    into.device(node.directory, isFunction ? isDumped : isDumpedOfBridge, isFunction);
    into.link(`${PCI_DEVICES}/${node.address}`);
  }
}

function addNames(into: Collector, sysroot: Sysroot, directories: readonly string[]): void {
  const ids = directories.flatMap((directory) => {
    const files = new DeviceFiles(sysroot, directory);
    const vendor = readPciId(files, "vendor");
    const device = readPciId(files, "device");
    if (vendor === undefined || device === undefined) return [];
    const subsystemVendor = readPciId(files, "subsystem_vendor");
    const subsystemDevice = readPciId(files, "subsystem_device");
    return [{
      vendor,
      device,
      revision: files.integer("revision"),
      ...(subsystemVendor !== undefined && { subsystem_vendor: subsystemVendor }),
      ...(subsystemDevice !== undefined && { subsystem_device: subsystemDevice }),
    }];
  });
  const encoder = new TextEncoder();
  const read = (paths: readonly string[], pick: (text: string) => string) => {
    for (const path of paths) {
      const bytes = sysroot.bytes(path, 8 * 1024 * 1024);
      if (bytes === undefined) continue;
      const rows = pick(new TextDecoder().decode(bytes));
      if (rows !== "") into.add(path, encoder.encode(rows));
      return;
    }
  };
  read(PCI_IDS_PATHS, (text) => excerptPciIds(text, ids));
  read(
    AMDGPU_IDS_PATHS,
    (text) =>
      ids.flatMap(({ device, revision }) =>
        revision === undefined ? [] : [
          lookUpAmdgpuRow(text, device, revision) ?? "",
        ]
      ).filter((row) => row !== "").map((row) => `${row}\n`).join(""),
  );
}

/** Adds the topology of AMD's compute driver. */
function addKfd(into: Collector, sysroot: Sysroot): void {
  const kfd = sysroot.resolve("/sys/class/kfd/kfd");
  if (kfd === undefined) return;
  into.link("/sys/class/kfd/kfd");
  const nodes = `${kfd}/topology/nodes`;
  for (const node of sysroot.list(nodes)) {
    for (const name of ["gpu_id", "name", "properties"]) into.file(`${nodes}/${node}/${name}`);
    for (const links of ["io_links", "p2p_links", "mem_banks"]) {
      for (const link of sysroot.list(`${nodes}/${node}/${links}`)) {
        into.file(`${nodes}/${node}/${links}/${link}/properties`);
      }
    }
  }
}

/** Adds what NVIDIA's driver shows in procfs. Of a sleeping GPU reading it would wake it. */
function addNvidia(into: Collector, sysroot: Sysroot): void {
  into.file("/proc/driver/nvidia/version");
  for (const name of sysroot.list("/proc/driver/nvidia/gpus")) {
    const directory = sysroot.resolve(`${PCI_DEVICES}/${name}`);
    const asleep = directory !== undefined && new DeviceFiles(sysroot, directory).asleep;
    if (!asleep) into.file(`/proc/driver/nvidia/gpus/${name}/information`);
  }
}

/** Collects a dump of the host whose files `sysroot` reads. Wakes no GPU. */
export function collectDump(sysroot: Sysroot): Dump {
  const into = new Collector(sysroot);
  const { functions, leftOut } = gpuFunctions({ sysroot });
  const directories = [
    ...functions.map((gpu) => gpu.files.directory),
    ...leftOut.map(({ address }) => sysroot.resolve(`${PCI_DEVICES}/${address}`))
      .filter((directory) => directory !== undefined),
  ];
  for (const directory of directories) addFunction(into, directory);
  const devices = directories.map((directory) => directory.slice(directory.lastIndexOf("/") + 1));
  for (const card of readDrmCards(sysroot)) {
    if (!directories.includes(card.device)) {
      devices.push(card.device.slice(card.device.lastIndexOf("/") + 1));
      into.device(card.device, isDumped, true);
    }
  }
  for (const name of sysroot.list(DRM_CLASS)) into.link(`${DRM_CLASS}/${name}`);
  for (const name of sysroot.list("/sys/class/hwmon")) {
    const real = sysroot.resolve(`/sys/class/hwmon/${name}`);
    if (real && directories.some((directory) => real.startsWith(`${directory}/`))) {
      into.link(`/sys/class/hwmon/${name}`);
    }
  }
  for (const driver of new Set(functions.map((gpu) => gpu.driver))) {
    if (driver !== undefined) into.file(`/sys/module/${driver}/version`);
  }
  addKfd(into, sysroot);
  addNvidia(into, sysroot);
  addNames(into, sysroot, directories);
  for (const name of sysroot.list("/dev")) {
    if (DEVICE_NODES.test(`/dev/${name}`)) into.add(`/dev/${name}`, new Uint8Array());
  }
  into.file("/proc/sys/kernel/osrelease");
  const entries = [...into.entries.values()].sort((a, b) => a.path < b.path ? -1 : 1);
  return { entries, devices, asleep: into.asleep, replaced: into.scrubber.count };
}

/**
 * The PCIe link of a GPU, look by look.
 *
 * @module
 */

import type { GpuFunction } from "../discovery/pci_functions.ts";
import { readPciId } from "../discovery/pci_functions.ts";
import {
  LINK_FACTS,
  type LinkFacts,
  linkGeneration,
  linkWidth,
  pciPath,
  readPcieLink,
} from "../discovery/pci_link.ts";
import type { ReadingBuilder } from "./driver.ts";
import type { PciDevice } from "./pci_device.ts";

/**
 * Reads the link where discovery reads it: at the GPU, or at the upstream port of the card's own switch,
 * whose link files show the slot. Which of them it is, and the best that both ends can do, is found out
 * once; discovery may have looked while the GPU slept.
 */
export class PcieLink {
  readonly #device: PciDevice;
  readonly #facts: LinkFacts;
  /** Directory of the function with the link to the host; undefined where no link files are believed. */
  readonly #directory: string | undefined;

  /** Looks along the path to the GPU, which is awake. */
  constructor(device: PciDevice) {
    this.#device = device;
    const files = device.files();
    const path = pciPath(device.directory);
    const self: GpuFunction = {
      address: device.address,
      files,
      class: files.integer("class") ?? 0,
      vendor: readPciId(files, "vendor"),
      device: readPciId(files, "device"),
      driver: files.linkName("driver"),
    };
    this.#facts = readPcieLink(self, path);
    const at = this.#facts.facts.pcie_link_at;
    this.#directory = path.nodes.find((node) => node.address === at)?.directory;
  }

  /** Notes the link of now and the best one. */
  put(into: ReadingBuilder): void {
    const { facts, sources, absent } = this.#facts;
    const directory = this.#directory;
    if (directory !== undefined) {
      const { sysroot } = this.#device;
      const at = facts.pcie_link_at;
      const speed = sysroot.text(`${directory}/current_link_speed`);
      into.put(
        "pcie_link_gen",
        speed === undefined ? undefined : linkGeneration(speed),
        `sysfs:current_link_speed of ${at}`,
        absent.pcie_link_gen ?? `current_link_speed of ${at} holds no speed`,
      );
      into.put(
        "pcie_link_width",
        linkWidth(sysroot.integer(`${directory}/current_link_width`)),
        `sysfs:current_link_width of ${at}`,
        absent.pcie_link_width ?? `current_link_width of ${at} holds no width`,
      );
    }
    for (const name of LINK_FACTS) {
      if (name === "pcie_link_at") continue;
      const best = name === "pcie_link_gen_max" || name === "pcie_link_width_max";
      into.put(
        name,
        best ? facts[name] : undefined,
        sources[name] ?? "",
        absent[name] ?? "no link is known",
      );
    }
  }
}

/**
 * What the links of a GPU can carry: to the host, and to another GPU.
 *
 * Sources: PCI Express Base Specification 6.0, "Physical Layer" (rates and encodings; from 64 GT/s on a flit
 * of 256 bytes carries 236 of packets); NVIDIA's whitepapers on Pascal to Blackwell (one NVLink in one
 * direction).
 *
 * @module
 */

import type { Gpu } from "../../gpu/gpu.ts";
import { directLinks } from "../../gpu/logical.ts";
import type { PciAddress } from "../../gpu/pci_address.ts";
import type { Fact } from "./model.ts";
import { type KnownPeaks, type PeakFigure, type PeakSource, unknownPeaks } from "./peak.ts";

/** Key of the peak between a GPU and the host, in one direction. */
export const HOST_LINK = "link.host";
/** Key of the peak between a GPU and the host, in both directions together. */
export const HOST_LINK_DUPLEX = "link.host.duplex";
/** Key of the peak between two GPUs, in one direction. */
export const PEER_LINK = "link.peer";
/** Key of the peak between two GPUs, in both directions together. */
export const PEER_LINK_DUPLEX = "link.peer.duplex";

/** A PCIe link. */
export interface PcieLink {
  generation: number;
  /** Lanes. */
  width: number;
}

/** What is known of the links of a GPU. */
export interface LinkFacts {
  readonly gpu: Gpu;
  /** The best that its PCIe link can do where it is. */
  readonly pcie: Fact<PcieLink>;
  /** GB/s that one NVLink has on the wire, in one direction, by NVML; null where it does not tell. */
  readonly nvlinkWire: number | null;
  /** GB/s to other GPUs over xGMI, in one direction; null where the compute driver does not tell. */
  readonly xgmi: ReadonlyMap<PciAddress, number> | null;
}

/** Transfers of a lane in a second in GT/s, and the share of them that carries packets. */
const GENERATIONS: Readonly<Record<number, { rate: number; encoding: [number, number] }>> = {
  1: { rate: 2.5, encoding: [8, 10] },
  2: { rate: 5, encoding: [8, 10] },
  3: { rate: 8, encoding: [128, 130] },
  4: { rate: 16, encoding: [128, 130] },
  5: { rate: 32, encoding: [128, 130] },
  6: { rate: 64, encoding: [236, 256] },
};

/** GB/s of one NVLink in one direction, by version of the protocol. */
const NVLINKS: Readonly<Record<number, number>> = {
  1: 20,
  2: 25,
  2.2: 25,
  3: 25,
  3.1: 25,
  4: 25,
  5: 50,
};

/**
 * The PCIe link at most.
 *
 * @param told what the GPU's own driver says of it; null where it does not.
 * @param virtualMachine what kind of virtual machine the host is; null for none.
 */
export function pcieLinkOf(
  gpu: Gpu,
  told: PcieLink | null,
  virtualMachine: string | null,
): Fact<PcieLink> {
  if (gpu.kind === "integrated") {
    return { value: null, reason: "the GPU is in the processor: no PCIe link leads to it" };
  }
  if (told !== null) return { value: told, source: "the highest of this GPU here by NVML" };
  const { pcie_link_gen_max: generation, pcie_link_width_max: width, sources, absent } = gpu;
  if (generation === null || width === null) {
    const reason = absent.pcie_link_gen_max ?? absent.pcie_link_width_max;
    return { value: null, reason: `the PCIe link is not known: ${reason ?? "no source tells it"}` };
  }
  const source = sources.pcie_link_gen_max ?? "the inventory";
  // A hypervisor makes up the link of its own bridges, and often the GPU's.
  if (virtualMachine !== null && source.includes("max_link_speed")) {
    return {
      value: null,
      reason: `in a virtual machine (${virtualMachine}) the kernel's files show the hypervisor's ` +
        "link, and the GPU's driver does not tell its own",
    };
  }
  return { value: { generation, width }, source };
}

/** What a PCIe link carries in one direction, packets with their headers; or why it is not known. */
export function pcieBandwidth(link: Fact<PcieLink>): PeakFigure | string {
  if (link.value === null) return link.reason;
  const { generation, width } = link.value;
  const known = GENERATIONS[generation];
  if (known === undefined) return `no table of PCIe generation ${generation}`;
  const { rate, encoding: [payload, sent] } = known;
  return {
    value: rate * width * payload / sent / 8,
    unit: "GB/s",
    formula: `${rate} GT/s x ${width} lanes x ${payload}/${sent} / 8`,
    source: `PCI Express Base Specification, generation ${generation}; link: ${link.source}`,
  };
}

function nvlinkBandwidth(a: LinkFacts, b: LinkFacts, links: number): PeakFigure | string {
  const version = a.gpu.peer_links.find(({ active }) => active)?.version ?? null;
  const published = version === null ? undefined : NVLINKS[version];
  const wires = [a.nvlinkWire, b.nvlinkWire].filter((wire) => wire !== null);
  const wire = wires.length === 0 ? undefined : Math.min(...wires);
  const each = published ?? wire;
  if (each === undefined) {
    return `no table of NVLink ${version ?? "of a version that is not known"}`;
  }
  const onWire = wire === undefined ? "" : `; ${wire} GB/s on the wire by NVML`;
  return {
    value: links * each,
    unit: "GB/s",
    formula: `${links} NVLinks x ${each} GB/s`,
    source: published === undefined
      ? "rate and number of links by NVML"
      : `NVIDIA's whitepapers, NVLink ${version}; active links by NVML${onWire}`,
  };
}

/** Why it is not known whether a direct link connects two GPUs; undefined where it is. */
function whyLinksUnknown(a: LinkFacts, b: LinkFacts): string | undefined {
  if (a.gpu.vendor !== b.gpu.vendor) return undefined;
  switch (a.gpu.vendor) {
    case "nvidia":
      return [a, b].every(({ gpu }) => gpu.seen_by.includes("nvml"))
        ? undefined
        : "without NVML it is not known whether NVLinks connect the GPUs";
    case "amd":
      return a.xgmi !== null && b.xgmi !== null
        ? undefined
        : "without AMD's compute driver (kfd) it is not known whether xGMI connects the GPUs";
    default:
      return "it is not known whether direct links connect the GPUs";
  }
}

/** What the best link between two GPUs carries in one direction; or why it is not known. */
export function peerBandwidth(a: LinkFacts, b: LinkFacts): PeakFigure | string {
  const xgmi = b.gpu.pci_slot === null ? undefined : a.xgmi?.get(b.gpu.pci_slot);
  if (xgmi !== undefined) {
    return {
      value: xgmi,
      unit: "GB/s",
      formula: `${xgmi} GB/s of xGMI`,
      source: "max_bandwidth of the link by kfd",
    };
  }
  const links = directLinks(a.gpu, b.gpu);
  if (links > 0) {
    return a.gpu.vendor === "nvidia"
      ? nvlinkBandwidth(a, b, links)
      : "the driver does not tell what the direct link between the GPUs carries";
  }
  const reason = whyLinksUnknown(a, b);
  if (reason !== undefined) return reason;
  const { pcie_link_at: at } = a.gpu;
  if (at !== null && at === b.gpu.pcie_link_at) {
    return "both GPUs are on one card, and what its switch carries is not known";
  }
  const [from, to] = [pcieBandwidth(a.pcie), pcieBandwidth(b.pcie)];
  if (typeof from === "string") return from;
  if (typeof to === "string") return to;
  const slower = from.value <= to.value ? from : to;
  return { ...slower, source: `${slower.source}; no direct link` };
}

/** The same in both directions together. */
function bothWays(figure: PeakFigure | string): PeakFigure | string {
  return typeof figure === "string"
    ? figure
    : { ...figure, value: 2 * figure.value, formula: `2 x (${figure.formula})` };
}

function known(figure: PeakFigure | string): KnownPeaks {
  return typeof figure === "string"
    ? unknownPeaks(figure)
    : { rated: figure, observed: null, reason: "a link's rate while it is measured is not read" };
}

/**
 * Peaks of a GPU with those of its links.
 *
 * @param others gives what is known of the links of another GPU of the run.
 * @param rest the other peaks.
 */
export function withLinkPeaks(
  own: LinkFacts,
  others: (id: string) => LinkFacts | undefined,
  rest: PeakSource | undefined,
): PeakSource {
  return (key, clocks, peer = null) => {
    switch (key) {
      case HOST_LINK:
        return known(pcieBandwidth(own.pcie));
      case HOST_LINK_DUPLEX:
        return known(bothWays(pcieBandwidth(own.pcie)));
      case PEER_LINK:
      case PEER_LINK_DUPLEX: {
        const other = peer === null ? undefined : others(peer);
        if (other === undefined) return unknownPeaks("the other device has no link of its own");
        const figure = peerBandwidth(own, other);
        return known(key === PEER_LINK ? figure : bothWays(figure));
      }
      default:
        return rest?.(key, clocks, peer) ??
          unknownPeaks("nothing is known of this device's peaks");
    }
  };
}

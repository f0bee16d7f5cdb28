/**
 * The inventory as text for people.
 *
 * @module
 */

import type { InventoryDocument } from "../discovery/inventory.ts";
import type { ApiDevice, FactName, Gpu } from "../gpu/gpu.ts";
import type { CombinedDevice } from "../gpu/logical.ts";
import { standing } from "../gpu/standing.ts";
import { vendorTitle } from "../gpu/vendor.ts";
import type { Style } from "./style.ts";
import { labelled, printable } from "./text.ts";
import { formatBytes, formatLink, plural } from "./units.ts";

/** How to render. */
export interface InventoryStyle {
  style: Style;
  columns: number;
  /** Whether to list every API's devices with their capabilities. */
  apis: boolean;
}

const API_TITLES = {
  vulkan: "Vulkan",
  opencl: "OpenCL",
  cuda: "CUDA",
  level_zero: "Level Zero",
  hip: "HIP",
} as const;

/** A GPU's name for people, where there is none: what is known of it. */
function gpuTitle(gpu: Gpu): string {
  if (gpu.name !== null) return printable(gpu.name);
  const ids = gpu.vendor_id && gpu.device_id ? ` ${gpu.vendor_id}:${gpu.device_id}` : "";
  return `${vendorTitle(gpu.vendor)} device${ids}`;
}

const unknown = (gpu: Gpu, fact: FactName) => `unknown: ${gpu.absent[fact] ?? "no reason given"}`;

function memoryLine(gpu: Gpu): string {
  const { vram_total_bytes: total, vram_used_bytes: used, vram_visible_bytes: visible } = gpu;
  if (total === null) return unknown(gpu, "vram_total_bytes");
  const parts = [
    used === null ? formatBytes(total) : `${formatBytes(used)} of ${formatBytes(total)} used`,
  ];
  if (gpu.memory_kind === "shared") parts.push("shared with the host");
  if (visible !== null && visible < total) {
    parts.push(`${formatBytes(visible)} visible to the processor`);
  }
  return parts.join(", ");
}

function linkLine(gpu: Gpu): string {
  const { pcie_link_gen: gen, pcie_link_width: width } = gpu;
  const { pcie_link_gen_max: genMax, pcie_link_width_max: widthMax } = gpu;
  if (gen === null && width === null && genMax === null) return unknown(gpu, "pcie_link_gen");
  const parts = [`${formatLink(gen, width)} now`];
  if (genMax !== null || widthMax !== null) parts.push(`${formatLink(genMax, widthMax)} at most`);
  if (gpu.pcie_link_at !== null && gpu.pcie_link_at !== gpu.pci_slot) {
    parts.push(`at the card's port ${gpu.pcie_link_at}`);
  }
  return parts.join(", ");
}

function placeLine(gpu: Gpu): string {
  const parts = [
    gpu.numa_node === null ? undefined : `NUMA node ${gpu.numa_node}`,
    gpu.local_cpus === null ? undefined : `CPUs ${gpu.local_cpus}`,
    gpu.iommu_group === null ? undefined : `IOMMU group ${gpu.iommu_group}`,
  ].filter((part) => part !== undefined);
  return parts.length > 0 ? parts.join(", ") : "unknown";
}

function stateLine(gpu: Gpu): string {
  const parts = [
    gpu.power_state === null
      ? undefined
      : gpu.power_state === "unsupported"
      ? "always on"
      : gpu.power_state,
    gpu.temperature_c === null ? undefined : `${gpu.temperature_c} °C`,
    gpu.utilization_pct === null ? undefined : `${gpu.utilization_pct} % busy`,
    gpu.mig_enabled ? "MIG mode on" : undefined,
  ].filter((part) => part !== undefined);
  if (gpu.power_state === "suspended") parts.push("asleep, left asleep (--wake asks it)");
  return parts.length > 0 ? parts.join(", ") : "unknown";
}

function sriovLine(gpu: Gpu): string | undefined {
  const { sriov } = gpu;
  if (sriov === null || sriov.role === "none") return undefined;
  return sriov.role === "vf"
    ? `virtual function of ${sriov.physical_function ?? "another device"}`
    : `physical function, ${sriov.num_vfs ?? "?"} of ${
      sriov.total_vfs ?? "?"
    } virtual functions in use`;
}

function nodesLine(gpu: Gpu): string {
  const nodes = [gpu.drm_node, gpu.render_node, ...gpu.device_nodes].filter((node) =>
    node !== null
  );
  return nodes.length > 0 ? nodes.join(", ") : "none";
}

function apiLine(gpu: Gpu): string {
  const parts = Object.entries(gpu.apis).flatMap(([name, devices]) =>
    devices.map((device) =>
      [API_TITLES[name as keyof typeof API_TITLES] ?? name, device.api_version].filter(Boolean)
        .join(" ")
    )
  );
  return parts.length > 0 ? parts.join(", ") : "none that was asked shows it";
}

function connectorLine(gpu: Gpu): string | undefined {
  if (gpu.connectors.length === 0) return undefined;
  return gpu.connectors.map(({ name, status }) =>
    status === "connected" ? `${name} (connected)` : name
  ).join(", ");
}

function apiDetails(name: string, device: ApiDevice): [string, string] {
  const title = API_TITLES[name as keyof typeof API_TITLES] ?? name;
  const parts = [
    `device ${device.index}: ${device.name}`,
    device.api_version === null ? undefined : `version ${device.api_version}`,
    device.driver === null ? undefined : `driver ${device.driver}`,
    device.memory_total_bytes === null ? undefined : formatBytes(device.memory_total_bytes),
    device.uuid === null ? undefined : `UUID ${device.uuid}`,
    device.capabilities.length > 0 ? device.capabilities.join(" ") : undefined,
  ].filter((part) => part !== undefined);
  return [title, parts.join("; ")];
}

/** The rows of a GPU's block: a label and a text. */
function rowsOf(gpu: Gpu, apis: boolean): [label: string, text: string | undefined][] {
  const hardware = gpu.kind !== "software";
  const ids = gpu.vendor_id === null ? "" : ` (${gpu.vendor_id}:${gpu.device_id ?? "?"}` +
    `${gpu.revision === null ? "" : `, revision ${gpu.revision}`})`;
  const driver = gpu.driver === null
    ? unknown(gpu, "driver")
    : [gpu.driver, gpu.driver_version].filter(Boolean).join(" ");
  const isPci = gpu.pci_slot !== null;
  const details = Object.entries(gpu.apis)
    .flatMap(([name, devices]) => devices.map((device) => apiDetails(name, device)));
  return [
    ["Vendor", vendorTitle(gpu.vendor) + ids],
    ["Board", gpu.board_name ?? undefined],
    ["Kind", standing(gpu) === "software" ? "software, runs on the processor" : gpu.kind],
    ["UUID", gpu.uuid ?? undefined],
    ["Driver", hardware ? driver : undefined],
    ["Nodes", hardware ? nodesLine(gpu) : undefined],
    ["Memory", hardware ? memoryLine(gpu) : undefined],
    ["PCIe link", isPci ? linkLine(gpu) : undefined],
    ["Place", isPci ? placeLine(gpu) : undefined],
    ["State", hardware ? stateLine(gpu) : undefined],
    ["SR-IOV", sriovLine(gpu)],
    ["Outputs", connectorLine(gpu)],
    ...(apis && details.length > 0 ? details : [["APIs", apiLine(gpu)] as [string, string]]),
    ["Seen by", gpu.seen_by.length === 1 ? `${gpu.seen_by[0]} alone` : gpu.seen_by.join(", ")],
  ];
}

function block(gpu: Gpu, { style, columns, apis }: InventoryStyle): string[] {
  const title = standing(gpu) === "software"
    ? "Software"
    : standing(gpu) === "gpu"
    ? "GPU"
    : "Other";
  return [
    `${style.bold(`${title} ${gpu.index}: ${gpuTitle(gpu)}`)}  ${style.dim(printable(gpu.id))}`,
    ...rowsOf(gpu, apis).flatMap(([label, text]) =>
      text === undefined ? [] : labelled(label, printable(text), { columns })
    ),
    "",
  ];
}

function logicalBlock(logical: CombinedDevice, { style, columns }: InventoryStyle): string[] {
  const line = (label: string, text: string) => labelled(label, printable(text), { columns });
  const missing = logical.vram_unknown.length;
  const vram = logical.vram_total_bytes === null
    ? "unknown"
    : formatBytes(logical.vram_total_bytes) +
      (missing === 0 ? "" : `, without ${plural(missing, "GPU")} whose memory is not known`);
  const common = logical.capabilities_all;
  return [
    style.bold("Logical device"),
    ...line("GPUs", `${logical.gpu_count}`),
    ...line("Vendors", logical.vendors.map(vendorTitle).join(", ")),
    ...line("VRAM", vram),
    ...line("In common", common.length > 0 ? common.join(" ") : "no API or feature"),
    ...line("Tier", `${logical.tier}: ${logical.tier_reason}`),
    "",
  ];
}

/** Where mvgal looked, one row a source. */
function sourcesBlock(document: InventoryDocument, { columns }: InventoryStyle): string[] {
  return document.sources.flatMap((source) => {
    const what = source.state === "ok"
      ? plural(source.devices, "device") + (source.note === null ? "" : `; ${source.note}`)
      : `${source.state}: ${source.reason}`;
    return labelled(source.name, printable(what), { columns });
  });
}

/** Sources that did not do what they should, or have something to say; those of one reason together. */
function remarks(document: InventoryDocument, { columns }: InventoryStyle): string[] {
  const sayers = new Map<string, string[]>();
  for (const source of document.sources) {
    const said = source.state === "failed" || source.state === "skipped"
      ? `${source.state}: ${source.reason}`
      : source.note;
    if (said !== null) sayers.set(said, [...sayers.get(said) ?? [], source.name]);
  }
  const lines = [...sayers].map(([said, names]) => `${names.join(", ")} ${said}`)
    .concat(document.notes)
    .flatMap((text) => labelled("-", printable(text), { columns, labelWidth: 2 }));
  return lines.length > 0 ? ["Remarks", ...lines, ""] : [];
}

/** The inventory: a block a device, the logical device, and what went otherwise than it should. */
export function renderInventory(document: InventoryDocument, how: InventoryStyle): string {
  const blocks = [...document.gpus, ...document.other_devices].flatMap((gpu) => block(gpu, how));
  const lines = document.gpu_count > 0
    ? [...blocks, ...logicalBlock(document.logical_device, how), ...remarks(document, how)]
    : [
      "No GPU found. mvgal looked here:",
      ...sourcesBlock(document, how),
      "",
      ...blocks,
    ];
  return `${lines.join("\n").trimEnd()}\n`;
}

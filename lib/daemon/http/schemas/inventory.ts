/**
 * The schema of the inventory, `mvgal.inventory/1`.
 *
 * @module
 */

import { z } from "@hono/zod-openapi";
import type { Relation, TopologyNode } from "../../../gpu/topology.ts";
import { INVENTORY_SCHEMA } from "../../../discovery/inventory.ts";
import { inventoryGpu, vendor } from "./gpu.ts";
import { count, form, gpuId, numberOrNull, text, textOrNull, texts } from "./value.ts";

const logicalDevice = z.object({
  gpu_count: count("How many GPUs there are"),
  gpus: z.array(gpuId()).openapi({ description: "Their ids" }),
  vendors: z.array(vendor).openapi({ description: "Their makers, each once" }),
  vram_total_bytes: numberOrNull(
    "Sum of the memory of the GPUs whose size is known, bytes; null where none is",
  ),
  vram_unknown: z.array(gpuId()).openapi({ description: "The GPUs that the sum leaves out" }),
  capabilities_any: texts("What at least one has: vulkan, vulkan:shaderFloat64"),
  capabilities_all: texts("What all of them have"),
  tier: z.enum(["none", "single", "separate", "common_api", "common_driver", "linked"]).openapi({
    description: "How closely they can work together; each tier includes those before it",
  }),
  tier_reason: text("Why it is this tier and no other"),
}).openapi("LogicalDevice", { description: "The GPUs as one device" });

const sourceOutcome = z.object({
  name: text("The source, as in seen_by of a GPU"),
  reads: z.enum(["files", "library"]).openapi({ description: "What it reads" }),
  state: z.enum(["ok", "absent", "skipped", "failed"]).openapi({
    description: "Whether it looked, and if not, of what kind the reason is",
  }),
  reason: textOrNull("Why it saw nothing; null for ok"),
  devices: count("How many devices it saw"),
  note: textOrNull("What else it has to say; null for nothing"),
}).openapi("SourceOutcome", { description: "What came of asking one source of discovery" });

/** It holds itself, so its type is said here. */
const topologyNode: z.ZodType<TopologyNode> = z.lazy(() =>
  z.object({
    type: z.enum(["numa_node", "host_bridge", "bridge", "gpu"]).openapi({
      description: "What is there",
    }),
    id: text("0 of NUMA node 0, pci0000:00 of a host bridge, a PCI address, a GPU's id"),
    note: textOrNull("For a node that could not be placed, why; null otherwise"),
    children: z.array(topologyNode).openapi({ description: "What is below it" }),
  })
).openapi("TopologyNode", { description: "A place in the tree" });

/** `NV#` is any number of links, which no list of words says. */
const relation = z.string().regex(/^(?:X|NV\d+|XGMI|PIX|PXB|PHB|NODE|SYS)$/) as z.ZodType<
  string
> as z.ZodType<Relation>;

/** How the GPUs are connected. */
export const topology = z.object({
  tree: z.array(topologyNode).openapi({
    description: "NUMA nodes, and below them host bridges, bridges and GPUs",
  }),
  pairs: z.array(z.object({
    a: gpuId("The one that comes first in the listing"),
    b: gpuId("The other one"),
    relation: relation.nullable().openapi({
      description: "The nearest way between them, in the words of nvidia-smi topo -m",
      example: "NV18",
    }),
    absent: textOrNull("Why it is not known; null where it is"),
  })).openapi({ description: "Every pair once" }),
}).openapi("Topology", { description: "How the GPUs are connected" });

/** The inventory. */
export const inventory = z.object({
  schema: form(INVENTORY_SCHEMA),
  enumeration_source: text("What found the GPUs: drm_sysfs, pci_sysfs, or an API"),
  gpu_count: count("Length of gpus"),
  gpus: z.array(inventoryGpu).openapi({ description: "GPUs of their own, hardware and virtual" }),
  other_devices: z.array(inventoryGpu).openapi({
    description: "Virtual functions of listed GPUs, bare display controllers, software devices",
  }),
  logical_device: logicalDevice,
  topology,
  sources: z.array(sourceOutcome).openapi({ description: "What came of asking each source" }),
  notes: texts("What could not be decided, one sentence each"),
}).openapi("Inventory", { description: "What the GPUs are, as mvgal info --json tells it" });

/**
 * `mvgal info`: the GPUs of a host.
 *
 * @module
 */

import { inventoryDocument } from "../discovery/inventory.ts";
import type { Discovery } from "../discovery/mod.ts";
import { parseGpuSelector, selectGpus } from "../gpu/selector.ts";
import { renderInventory } from "../render/inventory.ts";
import { styleFor } from "../render/style.ts";
import { renderTopology } from "../render/topology.ts";
import {
  type CommandContext,
  type CommandInput,
  type CommandModule,
  flag,
  UsageError,
  value,
} from "./command.ts";
import { sysrootOf } from "./sysroot.ts";

/** Asks the service where one runs, which has asked the drivers' libraries already; else looks. */
async function discoverAny(input: CommandInput, context: CommandContext): Promise<Discovery> {
  const sysroot = sysrootOf(input, context);
  const wake = flag(input, "wake");
  if (sysroot.isHost && !wake && !flag(input, "direct")) {
    // Most hosts have none: nothing of it is loaded then.
    const { mayHaveService } = await import("../client/socket_path.ts");
    if (mayHaveService(context.env)) {
      const { serviceDiscovery } = await import("./service_inventory.ts");
      const known = await serviceDiscovery(context);
      if (known !== undefined) return known;
    }
  }
  const { discover } = await import("../discovery/mod.ts");
  return discover({ sysroot, wake });
}

/** Refuses what a number alone cannot show. */
function checkCount(input: CommandInput): void {
  const other = ["json", "apis", "topology"].find((name) => flag(input, name));
  if (flag(input, "count") && other !== undefined) {
    throw new UsageError(`--count prints a number alone: leave out --${other}, or --count`);
  }
}

/** `mvgal info`. */
export const infoCommand: CommandModule = {
  name: "info",
  describe: "Show every GPU, the APIs that reach it and how they are connected",
  details:
    "Without a GPU it says where it looked, and exits with 0. A GPU that sleeps is left asleep: what " +
    "cannot be read without waking it is shown as unknown, with the reason. Where the service runs (see " +
    "mvgal daemon) it is asked, which takes less time; not so with --wake, and where a variable such as " +
    "CUDA_VISIBLE_DEVICES chooses what libraries show.",
  options: [
    { flags: "--json", describe: "Print one JSON object (mvgal.inventory/1)" },
    {
      flags: "--count",
      describe:
        "Print the number of GPUs alone: without software devices, virtual functions of a " +
        "listed GPU and bare display controllers",
    },
    {
      flags: "--gpu <selector>",
      describe: "Only these devices: 0,2 or nvidia or pci:0000:06:00.0 or '!1'",
      completes: "gpu",
    },
    { flags: "--apis", describe: "Show each API's devices and their capabilities" },
    { flags: "--topology", describe: "Show how the GPUs are connected" },
    { flags: "--direct", describe: "Look without the service, where one runs (see mvgal daemon)" },
    { flags: "--wake", describe: "Ask sleeping GPUs too, which wakes them" },
    {
      flags: "--sysroot <directory>",
      describe: "Read a dump of another host (see mvgal dump); also MVGAL_SYSROOT",
      completes: "directory",
    },
  ],
  examples: [
    { command: "info", meaning: "All devices, for people" },
    { command: "info --json --gpu nvidia", meaning: "NVIDIA's GPUs, for programs" },
    { command: "info --topology", meaning: "Which GPUs are close to each other" },
    { command: "info --sysroot dump/", meaning: "Another host's GPUs, from its dump" },
  ],
  async run(input, context) {
    checkCount(input);
    const gpu = value(input, "gpu");
    const selector = gpu === undefined ? undefined : parseGpuSelector(gpu);
    const discovery = await discoverAny(input, context);
    const chosen = selector ? selectGpus(discovery.gpus, selector) : discovery.gpus;
    const document = inventoryDocument(discovery, chosen);
    const { stdout } = context;
    if (flag(input, "count")) {
      stdout.write(`${document.gpu_count}\n`);
    } else if (flag(input, "json")) {
      stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    } else {
      const how = { style: styleFor(stdout.color), columns: stdout.columns };
      stdout.write(renderInventory(document, { ...how, apis: flag(input, "apis") }));
      if (flag(input, "topology")) {
        const text = renderTopology(document.topology, chosen, how);
        if (text !== "") stdout.write(`\n${text}`);
      }
    }
    return 0;
  },
};
